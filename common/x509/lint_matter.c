/* SPDX-License-Identifier: Apache-2.0 */
/* lint_matter.c - Matter's device attestation: DAC, PAI, PAA, and the chain. */
#include "config.h"

#include <string.h>

#include "common/x509/facts.h"

#define MAX_DER 600		/* octets; the commissioner reads no more */
#define KEY_ID  20

static int
algorithm(const struct eh_facts *f)
{
	return f->cert->tbs_alg == EH_CERT_ECDSA_SHA256 &&
	    f->cert->spki.alg == EH_CERT_EC_P256;
}

static int
size(const struct eh_facts *f)
{
	return f->size <= MAX_DER;
}

static int
vid_there(const struct eh_facts *f)
{
	return f->vid.is == EH_FACT_GOOD;
}

static int
pid_there(const struct eh_facts *f)
{
	return f->pid.is == EH_FACT_GOOD;
}

static int
vid_formed(const struct eh_facts *f)
{
	return f->vid.is != EH_FACT_BAD;
}

static int
pid_formed(const struct eh_facts *f)
{
	return f->pid.is != EH_FACT_BAD;
}

static int
pid_absent(const struct eh_facts *f)
{
	return f->pid.is == EH_FACT_ABSENT;
}

static int
bc_critical(const struct eh_facts *f)
{
	return f->basic_constraints == EH_FACT_GOOD && f->bc_critical;
}

static int
device_no_ca(const struct eh_facts *f)
{
	return !f->ca && !f->path_given;
}

static int
pai_path(const struct eh_facts *f)
{
	return f->ca && f->path_given && f->path == 0;
}

static int
paa_path(const struct eh_facts *f)
{
	return f->ca && (!f->path_given || f->path == 1);
}

static int
ku_critical(const struct eh_facts *f)
{
	return f->key_usage == EH_FACT_GOOD && f->ku_critical;
}

static int
ku_device(const struct eh_facts *f)
{
	return f->ku == EH_KU_DIGITAL_SIGNATURE;
}

static int
ku_ca(const struct eh_facts *f)
{
	return (f->ku & ~EH_KU_DIGITAL_SIGNATURE) ==
	    (EH_KU_KEY_CERT_SIGN | EH_KU_CRL_SIGN);
}

static int
subject_key_id(const struct eh_facts *f)
{
	return f->subject_key_id == EH_FACT_GOOD && !f->ski_critical &&
	    f->ski.len == KEY_ID;
}

static int
authority_key_id(const struct eh_facts *f)
{
	return f->authority_key_id == EH_FACT_GOOD && !f->aki_critical &&
	    f->aki.len == KEY_ID;
}

static int
authority_key_id_if_any(const struct eh_facts *f)
{
	return f->authority_key_id == EH_FACT_ABSENT || authority_key_id(f);
}

#define SDK "connectedhomeip VerifyAttestationCertificateFormat"
#define MUST(id, text, source)                                                 \
	{                                                                      \
		"matter-dac/" id, EH_LINT_ERROR, text, source                  \
	}

/* clang-format off */
#define ALGORITHM							\
	{ MUST("algorithm",						\
		"signature and key are ecdsa-with-SHA256 and prime256v1", \
		SDK), algorithm }
#define SIZE								\
	{ MUST("size",							\
		"the certificate has at most 600 octets",		\
		"connectedhomeip kMaxDERCertLength"), size }
#define BC_CRITICAL							\
	{ MUST("bc-critical",						\
		"basicConstraints is there and critical", SDK), bc_critical }
#define KU_CRITICAL							\
	{ MUST("ku-critical",						\
		"keyUsage is there and critical", SDK), ku_critical }
#define SUBJECT_KEY_ID							\
	{ MUST("subject-key-id",					\
		"subjectKeyIdentifier is there, not critical, of 20 octets", \
		SDK), subject_key_id }
#define AUTHORITY_KEY_ID						\
	{ MUST("authority-key-id",					\
		"authorityKeyIdentifier is there, not critical, with a " \
		"keyIdentifier of 20 octets",				\
		SDK), authority_key_id }
#define KU_CA								\
	{ MUST("ku-ca",							\
		"keyUsage has keyCertSign and cRLSign, perhaps "	\
		"digitalSignature, and nothing else",			\
		SDK), ku_ca }
#define VID_THERE							\
	{ MUST("vid",							\
		"the subject has a VID of 4 upper-case hex digits: "	\
		"attribute 1.3.6.1.4.1.37244.2.1, UTF8String, or Mvid: " \
		"in the common name",					\
		SDK), vid_there }

static const struct eh_lint_row dac[] = {
	ALGORITHM, SIZE, VID_THERE,
	{ MUST("pid",
		"the subject has a PID of 4 upper-case hex digits: "
		"attribute 1.3.6.1.4.1.37244.2.2, UTF8String, or Mpid: in "
		"the common name",
		SDK), pid_there },
	BC_CRITICAL,
	{ MUST("no-ca",
		"basicConstraints says cA FALSE, without a path length",
		SDK), device_no_ca },
	KU_CRITICAL,
	{ MUST("ku-digital-signature",
		"keyUsage has digitalSignature and nothing else",
		SDK), ku_device },
	SUBJECT_KEY_ID, AUTHORITY_KEY_ID,
};

static const struct eh_lint_row pai[] = {
	ALGORITHM, SIZE, VID_THERE,
	{ MUST("pai-pid",
		"a PID in the subject of a PAI has 4 upper-case hex digits",
		SDK), pid_formed },
	BC_CRITICAL,
	{ MUST("pai-path",
		"basicConstraints of a PAI says cA TRUE and a path length of 0",
		SDK), pai_path },
	KU_CRITICAL, KU_CA, SUBJECT_KEY_ID, AUTHORITY_KEY_ID,
};

static const struct eh_lint_row paa[] = {
	ALGORITHM, SIZE,
	{ MUST("paa-vid",
		"a VID in the subject of a PAA has 4 upper-case hex digits",
		SDK), vid_formed },
	{ MUST("paa-no-pid",
		"the subject of a PAA has no PID",
		SDK), pid_absent },
	BC_CRITICAL,
	{ MUST("paa-path",
		"basicConstraints of a PAA says cA TRUE, with no path length "
		"or 1",
		SDK), paa_path },
	KU_CRITICAL, KU_CA, SUBJECT_KEY_ID,
	{ MUST("paa-authority-key-id",
		"authorityKeyIdentifier of a PAA, if any, is not critical and "
		"has 20 octets",
		SDK), authority_key_id_if_any },
};
/* clang-format on */

const struct eh_lint_table eh_lint_matter_dac = { dac,
	sizeof(dac) / sizeof(dac[0]) };
const struct eh_lint_table eh_lint_matter_pai = { pai,
	sizeof(pai) / sizeof(pai[0]) };
const struct eh_lint_table eh_lint_matter_paa = { paa,
	sizeof(paa) / sizeof(paa[0]) };

/* --- the chain --------------------------------------------------------- */

struct link {
	const char *what;
	enum eh_lint_role role;
	const uint8_t *der;
	size_t len;
	struct eh_cert cert;
	struct eh_facts facts;
};

/* clang-format off */
static const struct eh_lint_rule chain_vid = MUST("chain-vid",
	"the VID of the DAC is that of the PAI, and of the PAA if it has one",
	SDK);
static const struct eh_lint_rule chain_pid = MUST("chain-pid",
	"the PID of the DAC is that of the PAI, if it has one", SDK);
static const struct eh_lint_rule chain_name = MUST("chain-name",
	"the issuer of each certificate is the subject of the next",
	"RFC 5280 6.1.3");
static const struct eh_lint_rule chain_key_id = MUST("chain-key-id",
	"the authority key id of each certificate is the subject key id of "
	"the next",
	"RFC 5280 4.2.1.1");
static const struct eh_lint_rule chain_time = MUST("chain-time",
	"notBefore of the DAC lies in the validity of PAI and PAA",
	"connectedhomeip IsCertificateValidAtIssuance");
/* clang-format on */

/* An id that is optional above: absent, or the same. */
static int
agrees(const struct eh_matter_id *device, const struct eh_matter_id *above)
{
	return above->is == EH_FACT_ABSENT ||
	    strcmp(device->text, above->text) == 0;
}

/* What must agree between ${below}, the one above it, and the DAC. */
static void
link_check(struct eh_lint *l, const struct link *dac_link,
    const struct link *below, const struct link *above)
{
	const struct eh_facts *d = &dac_link->facts, *a = &above->facts;
	const uint64_t then = d->cert->not_before;

	if (!agrees(&d->vid, &a->vid))
		eh_lint_broken(l, above->what, &chain_vid);
	if (above->role == EH_LINT_PAI && !agrees(&d->pid, &a->pid))
		eh_lint_broken(l, above->what, &chain_pid);
	if (!eh_slice_equal(below->cert.issuer, above->cert.subject))
		eh_lint_broken(l, below->what, &chain_name);
	if (!eh_slice_equal(below->facts.aki, a->ski))
		eh_lint_broken(l, below->what, &chain_key_id);
	if (then < a->cert->not_before || then > a->cert->not_after)
		eh_lint_broken(l, above->what, &chain_time);
}

int
eh_lint_matter_chain(struct eh_lint *l, const uint8_t *dac_der, size_t daclen,
    const uint8_t *pai_der, size_t pailen, const uint8_t *paa_der,
    size_t paalen)
{
	struct link link[3] = {
		{ .what = "DAC", .role = EH_LINT_DEVICE, .der = dac_der,
		    .len = daclen },
		{ .what = "PAI", .role = EH_LINT_PAI, .der = pai_der,
		    .len = pailen },
		{ .what = "PAA", .role = EH_LINT_PAA, .der = paa_der,
		    .len = paalen },
	};
	const unsigned n = paa_der != NULL ? 3 : 2;
	int err;

	for (unsigned i = 0; i < n; i++) {
		struct link *k = &link[i];

		err = eh_lint_cert(l, EH_STANDARD_MATTER_DAC, k->role, k->what,
		    k->der, k->len);
		if (err == EH_OK)
			err = eh_cert_decode(&k->cert, k->der, k->len);
		if (err != EH_OK)
			return err;
		eh_facts_take(&k->facts, &k->cert, k->len);
	}
	for (unsigned i = 1; i < n; i++)
		link_check(l, &link[0], &link[i - 1], &link[i]);
	return EH_OK;
}
