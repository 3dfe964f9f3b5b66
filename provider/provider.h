/* SPDX-License-Identifier: Apache-2.0 */
/* provider.h - what one loaded provider knows: its core and configuration. */
#ifndef EH_PROVIDER_PROVIDER_H
#define EH_PROVIDER_PROVIDER_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/types.h>

#define EH_PROVIDER_NAME       "edgehsm"
#define EH_PROVIDER_PROPERTIES "provider=" EH_PROVIDER_NAME

/* When a login is made: provider.md section 6.1, edgehsm-login. */
enum eh_provider_login {
	EH_LOGIN_AUTO,   /* when the token asks for it and a key needs it */
	EH_LOGIN_ALWAYS, /* before any search */
	EH_LOGIN_NEVER
};

/*
 * The configuration, read once when the provider is loaded: each value from
 * the environment, else from the configuration file under our name, else
 * under pkcs11-provider's.  Absent texts are NULL.
 */
struct eh_provider_conf {
	char *module_path; /* never NULL: our own module by default */
	char *init_args;   /* for C_Initialize's pReserved */
	char *pin;         /* the PIN itself */
	char *pin_file;    /* where it stands */
	char *authorization;
	unsigned long sessions; /* most sessions per token, 1 to 1024 */
	enum eh_provider_login login;
};

/*
 * One activation of the provider in one library context.  Everything that is
 * shared by the whole process (the PKCS#11 module, its sessions) is in p11.c.
 */
struct eh_provider {
	const OSSL_CORE_HANDLE *handle;
	OSSL_FUNC_core_get_params_fn *get_params;
	OSSL_FUNC_core_new_error_fn *new_error;
	OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
	OSSL_FUNC_core_vset_error_fn *vset_error;
	struct eh_provider_conf conf;
	_Atomic(OSSL_LIB_CTX *) plain;
};

/*
 * Return a library context that has nothing but the default provider: what
 * digests for tokens that cannot, and verifies.  Made at first use, owned by
 * ${provider}; NULL (with an error raised) when that fails.
 */
OSSL_LIB_CTX *eh_provider_plain(struct eh_provider *provider);

/* The one symbol that libcrypto looks for in a provider's file. */
OSSL_provider_init_fn OSSL_provider_init;

#endif
