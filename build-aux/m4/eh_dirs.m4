# EH_DIR(option, variable, pkg-config module, its variable, fallback)
#
# Ask the host package where it keeps such files, but stay relative to our
# prefix, so that a private --prefix (and distcheck, as root too) never leaves
# it.
AC_DEFUN([EH_DIR], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [default: ask $3])],
    [$2=$withval],
    [$2=`$PKG_CONFIG --define-variable=prefix='${prefix}' \
         --define-variable=root_prefix='${prefix}' --variable=$4 $3 2>/dev/null`
     AS_IF([test -z "$[]$2"], [$2='$5'])])
  AC_SUBST([$2])])

# EH_NEED(variable prefix, pkg-config module and version, Debian package)
#
# Like PKG_CHECK_MODULES, but collect what is missing instead of stopping at
# the first; EH_NEEDED then names all of it at once.
AC_DEFUN([EH_NEED], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [eh_missing="$eh_missing $3"])])

AC_DEFUN([EH_NEEDED], [
  AS_IF([test -n "$eh_missing"], [AC_MSG_ERROR([
Missing: $eh_missing
On Debian 12:  apt-get install$eh_missing])])])
