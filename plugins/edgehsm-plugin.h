/* SPDX-License-Identifier: Apache-2.0 */
/* edgehsm-plugin.h - the ABI between the orchestrator and its plugins: chip
 * drivers, MES connectors, flow steps, record sinks. */
#ifndef EDGEHSM_PLUGIN_H
#define EDGEHSM_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/*
 * A plugin is a shared object with one exported symbol, EH_PLUGIN_ENTRY.  Every
 * struct begins with its size and only grows at its end; what a shorter struct
 * lacks takes its default.  abi_major must be equal, abi_minor informs.  Arrays
 * of structs are walked by the element's own struct_size.  Plugins never link
 * against the host: it passes a table of functions.
 *
 * No key, no PIN and no plaintext secret ever crosses this border: only wrapped
 * blobs and public data.
 *
 * Functions return 0 or a negative number of the list in common/err.h (EH_ERR_*
 * may be retried, EH_DENIED_* never), after giving host->error() one sentence
 * with the numbers in it.  An operation that a driver lacks is NULL; the host
 * refuses a line that needs it before the line starts.  One instance is used by
 * one thread at a time; different instances may run at once.  Long calls poll
 * host->cancelled() at least once a second.
 */
#define EH_PLUGIN_ABI_MAJOR 1u
#define EH_PLUGIN_ABI_MINOR 0u
#define EH_PLUGIN_ENTRY     "eh_plugin_v1"

enum { EH_PLUGIN_STEP = 1, EH_PLUGIN_CHIP, EH_PLUGIN_MES, EH_PLUGIN_SINK };

enum {
	EH_PLUGIN_TEXT = 1,
	EH_PLUGIN_INT,
	EH_PLUGIN_BOOL,
	EH_PLUGIN_DURATION,
	EH_PLUGIN_SIZE,
	EH_PLUGIN_ENUM,
	EH_PLUGIN_PATH,
	EH_PLUGIN_URI
};

#define EH_PLUGIN_REQUIRED   1u
#define EH_PLUGIN_SECRET_REF 2u	/* names where a secret is, never the secret */

/* Borrowed bytes: valid until the call returns. */
struct eh_plugin_bytes {
	const uint8_t *data;
	size_t len;
};

/* The caller's memory.  Too small: len says what is needed, and the result is
 * EH_ERR_SPACE (-5). */
struct eh_plugin_buf {
	uint8_t *data;
	size_t cap, len;
};

/* One option of `with:` in the line's YAML: checked before the line starts,
 * printed by `edgehsm plugin describe`. */
struct eh_plugin_option {
	size_t struct_size;
	const char *name;
	uint32_t type, flags;
	const char *dflt, *values;	/* values: "a|b|c" for EH_PLUGIN_ENUM */
	const char *doc;
};

struct eh_host_ctx;			/* opaque, the host's */

struct eh_host_ops {
	size_t struct_size;
	uint32_t abi_minor;
	void (*log)(struct eh_host_ctx *, int level, const char *text);
	void (*error)(struct eh_host_ctx *, const char *code, const char *text);
	int (*var_get)(struct eh_host_ctx *, const char *name,
	    struct eh_plugin_bytes *);
	int (*var_set)(
	    struct eh_host_ctx *, const char *name, struct eh_plugin_bytes);
	int (*cancelled)(struct eh_host_ctx *);
	void (*progress)(struct eh_host_ctx *, uint64_t done, uint64_t total);
	int (*read)(struct eh_host_ctx *, struct eh_plugin_buf *);
	int (*write)(struct eh_host_ctx *, struct eh_plugin_bytes);
};

/* A step of a flow.  ${config} is the step's `with:` as JSON text, checked
 * against the plugin's options.  open, run and close are mandatory. */
struct eh_plugin_step_ops {
	size_t struct_size;
	int (*open)(struct eh_host_ctx *, struct eh_plugin_bytes config,
	    void **instp);
	int (*run)(struct eh_host_ctx *, void *inst);
	int (*undo)(struct eh_host_ctx *, void *inst);
	void (*close)(void *inst);
};

/* What a chip says of itself. */
struct eh_plugin_ident {
	size_t struct_size;
	uint32_t soc_class;
	uint8_t soc_id[16];
	uint16_t lifecycle;		/* ADAC code: 0x3000 is secured */
	uint16_t epoch;			/* ADAC oem_constraint */
	uint32_t can;			/* EH_CHIP_* below */
	struct eh_plugin_buf firmware;	/* version text */
	struct eh_plugin_buf transport_key;
	struct eh_plugin_buf certificates; /* DER, concatenated, leaf first */
};
#define EH_CHIP_ADAC 1u
#define EH_CHIP_HPKE 2u
#define EH_CHIP_TPM2 4u
#define EH_CHIP_FW   8u
#define EH_CHIP_LOG  16u
#define EH_CHIP_RMA  32u

/*
 * A chip driver.  open, identify and close are mandatory.  identify is asked
 * again before each irreversible operation (inject, advance_lifecycle, wipe)
 * and its soc_id compared.  What attest, receipt, keygen's proof and wipe's
 * proof give is opaque to the host: it goes into the boundary or into the
 * record as it is.  ${place} numbers where something rests in the chip.
 * ${algorithm} is a COSE number: -7 for ECDSA on P-256.
 */
struct eh_plugin_chip_ops {
	size_t struct_size;
	int (*open)(struct eh_host_ctx *, struct eh_plugin_bytes config,
	    void **instp);
	int (*identify)(void *inst, struct eh_plugin_ident *);
	int (*attest)(void *inst, const uint8_t nonce[32],
	    struct eh_plugin_buf *evidence);
	int (*session_begin)(void *inst, uint8_t challenge[32]);
	int (*session_prove)(void *inst, const struct eh_plugin_bytes *parts,
	    size_t nparts, uint8_t permissions[16]);
	int (*session_end)(void *inst);
	/* Make a key in the chip: its public point, and a PKCS#10 (DER) signed
	 * by it as proof of possession. */
	int (*keygen)(void *inst, uint32_t place, uint32_t algorithm,
	    struct eh_plugin_buf *public_key, struct eh_plugin_buf *proof);
	int (*sign)(void *inst, uint32_t place, struct eh_plugin_bytes message,
	    struct eh_plugin_buf *signature);
	int (*inject)(void *inst, uint32_t place, struct eh_plugin_bytes wrapped,
	    struct eh_plugin_buf *receipt);
	int (*write_certificate)(
	    void *inst, uint32_t place, struct eh_plugin_bytes der);
	int (*write_firmware)(struct eh_host_ctx *, void *inst, uint64_t size,
	    struct eh_plugin_bytes manifest, struct eh_plugin_buf *receipt);
	int (*read_back)(void *inst, uint32_t place, uint8_t sha256[32]);
	int (*advance_lifecycle)(void *inst, uint16_t target);
	int (*read_log)(struct eh_host_ctx *, void *inst);
	int (*wipe)(void *inst, struct eh_plugin_buf *proof);
	int (*receipt)(void *inst, const uint8_t nonce[32],
	    struct eh_plugin_buf *receipt);
	void (*close)(void *inst);
};

/* A connector to a manufacturing execution system.  Events and answers are JSON
 * text. */
struct eh_plugin_mes_ops {
	size_t struct_size;
	int (*open)(struct eh_host_ctx *, struct eh_plugin_bytes config,
	    void **instp);
	int (*unit_arrived)(void *inst, struct eh_plugin_bytes event);
	int (*validate)(void *inst, struct eh_plugin_bytes event,
	    uint32_t timeout_ms, struct eh_plugin_buf *answer);
	int (*work_started)(void *inst, struct eh_plugin_bytes event);
	int (*units_personalized)(void *inst, struct eh_plugin_bytes event);
	int (*work_completed)(void *inst, struct eh_plugin_bytes event);
	void (*close)(void *inst);
};

/* Somewhere for records to go. */
struct eh_plugin_sink_ops {
	size_t struct_size;
	int (*open)(struct eh_host_ctx *, struct eh_plugin_bytes config,
	    void **instp);
	int (*append)(void *inst, const struct eh_plugin_bytes *records,
	    size_t n, uint64_t first_seq);
	int (*ack)(void *inst, uint64_t *acked_seq);
	void (*close)(void *inst);
};

struct eh_plugin {
	size_t struct_size;
	uint32_t abi_major, abi_minor;
	uint32_t kind;
	const char *name, *version, *license, *summary;
	const struct eh_plugin_option *options;
	size_t noptions;
	const void *ops;		/* the struct of its kind */
};

/* The one exported symbol.  Called with 0, 1, 2 ... until it returns NULL. */
typedef const struct eh_plugin *eh_plugin_entry(
    const struct eh_host_ops *, size_t index);
const struct eh_plugin *eh_plugin_v1(const struct eh_host_ops *, size_t index);

#endif
