/* SPDX-License-Identifier: Apache-2.0 */
/* store_schema.c - the tables of the authority's store, version 3. */
#include "config.h"

#include "orchestrator/authority/store_private.h"

/*
 * Ids, digests and keys are blobs of their fixed length, times are POSIX
 * seconds.  Rules that must never break, whatever the program does, are
 * constraints and triggers here.
 */
/* clang-format off */
const char *const eh_store_schema[] = {
	"CREATE TABLE authority ("
	"  one INTEGER PRIMARY KEY CHECK (one = 1),"
	"  name TEXT NOT NULL,"
	"  created INTEGER NOT NULL,"
	"  root_ca BLOB NOT NULL"
	") STRICT",

	/* UNIQUE: the three are never shared. */
	"CREATE TABLE own_key ("
	"  use INTEGER PRIMARY KEY CHECK (use BETWEEN 0 AND 2),"
	"  place TEXT NOT NULL,"
	"  public BLOB NOT NULL UNIQUE"
	") STRICT",

	"CREATE TABLE invitation ("
	"  n INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  nonce BLOB NOT NULL UNIQUE CHECK (length(nonce) BETWEEN 16 AND 32),"
	"  name TEXT NOT NULL,"
	"  factory TEXT NOT NULL,"
	"  opened INTEGER NOT NULL,"
	"  state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),"
	"  closed INTEGER"
	") STRICT",
	"CREATE UNIQUE INDEX invitation_open ON invitation (name)"
	"  WHERE state = 0",
	"CREATE TRIGGER invitation_used_once BEFORE UPDATE ON invitation"
	"  WHEN OLD.state <> 0 OR NEW.nonce <> OLD.nonce"
	"  BEGIN SELECT RAISE(ABORT, 'an invitation is used once'); END",
	"CREATE TRIGGER invitation_stays BEFORE DELETE ON invitation"
	"  BEGIN SELECT RAISE(ABORT, 'an invitation is never deleted'); END",

	"CREATE TABLE hsm ("
	"  n INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
	"  kid BLOB NOT NULL UNIQUE CHECK (kid = substr(id, 1, 8)),"
	"  name TEXT NOT NULL UNIQUE,"
	"  factory TEXT NOT NULL,"
	"  attestation BLOB NOT NULL UNIQUE,"
	"  class INTEGER NOT NULL,"
	"  software TEXT NOT NULL,"
	"  measurement BLOB NOT NULL,"
	"  enrolled INTEGER NOT NULL,"
	"  granted_until INTEGER NOT NULL"
	") STRICT",
	"CREATE TRIGGER hsm_pinned BEFORE UPDATE ON hsm"
	"  WHEN NEW.id <> OLD.id OR NEW.attestation <> OLD.attestation"
	"  BEGIN SELECT RAISE(ABORT, 'an attestation key is pinned'); END",

	/* standing: 0 named, 1 attested, 2 certified */
	"CREATE TABLE hsm_key ("
	"  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),"
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  purpose INTEGER NOT NULL,"
	"  origin INTEGER NOT NULL,"
	"  standing INTEGER NOT NULL CHECK (standing BETWEEN 0 AND 2)"
	") STRICT",

	"CREATE TABLE certificate ("
	"  serial BLOB PRIMARY KEY,"
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  key BLOB NOT NULL REFERENCES hsm_key (digest),"
	"  form TEXT NOT NULL,"
	"  issued INTEGER NOT NULL,"
	"  not_before INTEGER NOT NULL,"
	"  not_after INTEGER NOT NULL,"
	"  der BLOB NOT NULL"
	") STRICT",

	"CREATE TABLE sequence ("
	"  kid BLOB NOT NULL CHECK (length(kid) = 8),"
	"  type TEXT NOT NULL,"
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  last INTEGER NOT NULL CHECK (last > 0),"
	"  PRIMARY KEY (kid, type, hsm)"
	") STRICT",
	"CREATE TRIGGER sequence_rises BEFORE UPDATE ON sequence"
	"  WHEN NEW.last <= OLD.last"
	"  BEGIN SELECT RAISE(ABORT, 'a sequence number only rises'); END",
	"CREATE TRIGGER sequence_stays BEFORE DELETE ON sequence"
	"  BEGIN SELECT RAISE(ABORT, 'a sequence number stays'); END",

	"CREATE TABLE message ("
	"  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),"
	"  type TEXT NOT NULL,"
	"  kid BLOB NOT NULL,"
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  seq INTEGER NOT NULL,"
	"  issued INTEGER NOT NULL,"
	"  bytes BLOB NOT NULL,"
	"  UNIQUE (kid, type, hsm, seq)"
	") STRICT",
	"CREATE TRIGGER message_as_signed BEFORE UPDATE ON message"
	"  BEGIN SELECT RAISE(ABORT, 'a signed message is never changed'); END",
	"CREATE TRIGGER message_stays BEFORE DELETE ON message"
	"  BEGIN SELECT RAISE(ABORT, 'a signed message is never deleted'); END",

	"CREATE TABLE profile ("
	"  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),"
	"  name TEXT NOT NULL,"
	"  version INTEGER NOT NULL,"
	"  source BLOB NOT NULL CHECK (length(source) = 32),"
	"  bytes BLOB NOT NULL"
	") STRICT",

	"CREATE TABLE authorization ("
	"  n INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  message BLOB NOT NULL UNIQUE REFERENCES message (digest),"
	"  order_name TEXT NOT NULL,"
	"  profile BLOB NOT NULL REFERENCES profile (digest),"
	"  seq INTEGER NOT NULL,"
	"  devices INTEGER NOT NULL,"
	"  issued INTEGER NOT NULL,"
	"  not_before INTEGER NOT NULL,"
	"  expires INTEGER NOT NULL"
	") STRICT",

	"CREATE TABLE trail ("
	"  n INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  at INTEGER NOT NULL,"
	"  person TEXT NOT NULL,"
	"  verb TEXT NOT NULL,"
	"  hsm BLOB,"
	"  digest BLOB,"
	"  text TEXT NOT NULL"
	") STRICT",
	"CREATE TRIGGER trail_as_written BEFORE UPDATE ON trail"
	"  BEGIN SELECT RAISE(ABORT, 'the trail is never changed'); END",
	"CREATE TRIGGER trail_stays BEFORE DELETE ON trail"
	"  BEGIN SELECT RAISE(ABORT, 'the trail is never deleted'); END",
	NULL
};

/* What version 2 has beside it: what the EdgeHSMs' logs said. */
const char *const eh_store_schema_2[] = {
	/* One row per log: how much of it a receipt has proven.  frozen: why
	 * nothing is signed for this EdgeHSM any more. */
	"CREATE TABLE log ("
	"  hsm BLOB PRIMARY KEY REFERENCES hsm (id),"
	"  size INTEGER NOT NULL,"
	"  leaf BLOB NOT NULL CHECK (length(leaf) = 32),"
	"  frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0),"
	"  frozen TEXT"
	") STRICT",
	"CREATE TRIGGER log_grows BEFORE UPDATE ON log"
	"  WHEN NEW.size < OLD.size OR NEW.hsm <> OLD.hsm"
	"  BEGIN SELECT RAISE(ABORT, 'a log only grows'); END",
	"CREATE TRIGGER log_thaws BEFORE UPDATE ON log"
	"  WHEN OLD.frozen IS NOT NULL"
	"  BEGIN SELECT RAISE(ABORT, 'the EdgeHSM is frozen'); END",
	"CREATE TRIGGER log_stays BEFORE DELETE ON log"
	"  BEGIN SELECT RAISE(ABORT, 'a log is never deleted'); END",

	/* Its entries, as they are hashed. */
	"CREATE TABLE entry ("
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  seq INTEGER NOT NULL,"
	"  input BLOB NOT NULL,"
	"  PRIMARY KEY (hsm, seq)"
	") STRICT, WITHOUT ROWID",
	"CREATE TRIGGER entry_as_written BEFORE UPDATE ON entry"
	"  BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END",
	"CREATE TRIGGER entry_stays BEFORE DELETE ON entry"
	"  BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END",

	/* The last counters that the entries name. */
	"CREATE TABLE counter ("
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  authorization BLOB NOT NULL,"
	"  op INTEGER NOT NULL,"
	"  used INTEGER NOT NULL,"
	"  burned INTEGER NOT NULL,"
	"  PRIMARY KEY (hsm, authorization, op)"
	") STRICT, WITHOUT ROWID",
	"CREATE TRIGGER counter_rises BEFORE UPDATE ON counter"
	"  WHEN NEW.used < OLD.used OR NEW.burned < OLD.burned"
	"  BEGIN SELECT RAISE(ABORT, 'a counter never falls'); END",

	/* Receipts that were accepted, and those that prove another history. */
	"CREATE TABLE receipt ("
	"  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),"
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  size INTEGER NOT NULL,"
	"  root BLOB NOT NULL CHECK (length(root) = 32),"
	"  seen INTEGER NOT NULL,"
	"  fits INTEGER NOT NULL CHECK (fits BETWEEN 0 AND 1),"
	"  bytes BLOB NOT NULL"
	") STRICT",
	"CREATE TRIGGER receipt_as_seen BEFORE UPDATE ON receipt"
	"  BEGIN SELECT RAISE(ABORT, 'a receipt is never changed'); END",
	"CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt"
	"  BEGIN SELECT RAISE(ABORT, 'a receipt is never deleted'); END",
	NULL
};

/* What version 3 has beside it: the life of an authorization. */
const char *const eh_store_schema_3[] = {
	/* Older programs made it with the first scope. */
	"CREATE TABLE IF NOT EXISTS scope_tree ("
	"  root BLOB PRIMARY KEY CHECK (length(root) = 32),"
	"  ids BLOB NOT NULL"
	") STRICT",

	"ALTER TABLE authorization ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE authorization ADD COLUMN supersedes BLOB"
	"  REFERENCES authorization (id)",
	/* One is superseded once: they make chains. */
	"CREATE UNIQUE INDEX authorization_superseded"
	"  ON authorization (supersedes)",
	"CREATE TRIGGER authorization_as_signed BEFORE UPDATE ON authorization"
	"  BEGIN SELECT RAISE(ABORT, 'an authorization is never changed'); END",
	"CREATE TRIGGER authorization_stays BEFORE DELETE ON authorization"
	"  BEGIN SELECT RAISE(ABORT, 'an authorization is never deleted'); END",

	/* How many devices all authorizations of one order may make together. */
	"CREATE TABLE order_total ("
	"  name TEXT PRIMARY KEY,"
	"  devices INTEGER NOT NULL CHECK (devices > 0)"
	") STRICT",
	"INSERT INTO order_total"
	"  SELECT order_name, sum(devices) FROM authorization"
	"  WHERE order_name <> '' GROUP BY order_name",

	/* What the log says of an authorization: the entries that installed and
	 * closed it. */
	"CREATE TABLE life ("
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  authorization BLOB NOT NULL CHECK (length(authorization) = 16),"
	"  installed INTEGER,"
	"  closed INTEGER,"
	"  reason INTEGER,"
	"  good INTEGER,"
	"  scrapped INTEGER,"
	"  in_doubt INTEGER,"
	"  burns INTEGER NOT NULL DEFAULT 0,"
	"  PRIMARY KEY (hsm, authorization)"
	") STRICT, WITHOUT ROWID",
	"CREATE TRIGGER life_once BEFORE UPDATE ON life"
	"  WHEN (OLD.installed IS NOT NULL AND NEW.installed <> OLD.installed)"
	"  OR (OLD.closed IS NOT NULL AND NEW.closed <> OLD.closed)"
	"  OR NEW.burns < OLD.burns"
	"  BEGIN SELECT RAISE(ABORT, 'an authorization lives once'); END",
	"CREATE TRIGGER life_stays BEFORE DELETE ON life"
	"  BEGIN SELECT RAISE(ABORT, 'what a log says stays'); END",

	/* The newest revocation update of an EdgeHSM; no row: none. */
	"CREATE TABLE in_force ("
	"  hsm BLOB PRIMARY KEY REFERENCES hsm (id),"
	"  epoch INTEGER NOT NULL CHECK (epoch >= 0),"
	"  rseq INTEGER NOT NULL CHECK (rseq > 0),"
	"  message BLOB NOT NULL REFERENCES message (digest)"
	") STRICT",
	"CREATE TRIGGER in_force_rises BEFORE UPDATE ON in_force"
	"  WHEN NEW.epoch < OLD.epoch OR NEW.rseq <= OLD.rseq"
	"    OR NEW.hsm <> OLD.hsm"
	"  BEGIN SELECT RAISE(ABORT, 'a revocation is never taken back'); END",
	"CREATE TRIGGER in_force_stays BEFORE DELETE ON in_force"
	"  BEGIN SELECT RAISE(ABORT, 'a revocation is never taken back'); END",

	/* rseq: the update that named it first, or raised the epoch above it. */
	"CREATE TABLE revoked ("
	"  authorization BLOB PRIMARY KEY REFERENCES authorization (id),"
	"  rseq INTEGER NOT NULL,"
	"  at INTEGER NOT NULL,"
	"  why TEXT NOT NULL"
	") STRICT",
	"CREATE TRIGGER revoked_once BEFORE UPDATE ON revoked"
	"  BEGIN SELECT RAISE(ABORT, 'a revocation is never changed'); END",
	"CREATE TRIGGER revoked_stays BEFORE DELETE ON revoked"
	"  BEGIN SELECT RAISE(ABORT, 'a revocation is never taken back'); END",
	"CREATE TABLE revoked_key ("
	"  hsm BLOB NOT NULL REFERENCES hsm (id),"
	"  kid BLOB NOT NULL CHECK (length(kid) = 8),"
	"  rseq INTEGER NOT NULL,"
	"  at INTEGER NOT NULL,"
	"  why TEXT NOT NULL,"
	"  PRIMARY KEY (hsm, kid)"
	") STRICT, WITHOUT ROWID",
	"CREATE TRIGGER revoked_key_once BEFORE UPDATE ON revoked_key"
	"  BEGIN SELECT RAISE(ABORT, 'a revocation is never changed'); END",
	"CREATE TRIGGER revoked_key_stays BEFORE DELETE ON revoked_key"
	"  BEGIN SELECT RAISE(ABORT, 'a revoked key is never put back'); END",

	/* Message keys that were rolled over: 1 retired, 2 dropped. */
	"CREATE TABLE former_key ("
	"  kid BLOB PRIMARY KEY CHECK (length(kid) = 8),"
	"  public BLOB NOT NULL UNIQUE,"
	"  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 2),"
	"  until INTEGER NOT NULL"
	") STRICT",
	"CREATE TRIGGER former_key_pinned BEFORE UPDATE ON former_key"
	"  WHEN NEW.kid <> OLD.kid OR NEW.public <> OLD.public"
	"    OR NEW.state < OLD.state"
	"  BEGIN SELECT RAISE(ABORT, 'a dropped key is not put back'); END",
	"CREATE TRIGGER former_key_stays BEFORE DELETE ON former_key"
	"  BEGIN SELECT RAISE(ABORT, 'a former key stays known'); END",

	/* EdgeHSMs that are lost, and what lay on them. */
	"CREATE TABLE write_off ("
	"  hsm BLOB PRIMARY KEY REFERENCES hsm (id),"
	"  at INTEGER NOT NULL,"
	"  why TEXT NOT NULL"
	") STRICT",
	"CREATE TRIGGER write_off_once BEFORE UPDATE ON write_off"
	"  BEGIN SELECT RAISE(ABORT, 'a write-off is never changed'); END",
	"CREATE TRIGGER write_off_stays BEFORE DELETE ON write_off"
	"  BEGIN SELECT RAISE(ABORT, 'a write-off is never taken back'); END",
	"CREATE TABLE written_off ("
	"  authorization BLOB PRIMARY KEY REFERENCES authorization (id),"
	"  used INTEGER NOT NULL,"
	"  burned INTEGER NOT NULL,"
	"  outstanding INTEGER NOT NULL,"	/* possibly issued */
	"  enumerable INTEGER NOT NULL CHECK (enumerable BETWEEN 0 AND 1)"
	") STRICT",
	"CREATE TRIGGER written_off_once BEFORE UPDATE ON written_off"
	"  BEGIN SELECT RAISE(ABORT, 'a write-off is never changed'); END",
	"CREATE TRIGGER written_off_stays BEFORE DELETE ON written_off"
	"  BEGIN SELECT RAISE(ABORT, 'a write-off is never taken back'); END",

	/* Serials to be revoked though nobody has seen a certificate. */
	"CREATE TABLE prerevoked ("
	"  issuer BLOB NOT NULL CHECK (length(issuer) = 32)," /* SPKI digest */
	"  serial BLOB NOT NULL CHECK (length(serial) = 16),"
	"  authorization BLOB NOT NULL REFERENCES authorization (id),"
	"  at INTEGER NOT NULL,"
	"  PRIMARY KEY (issuer, serial)"
	") STRICT, WITHOUT ROWID",
	"CREATE TRIGGER prerevoked_stays BEFORE DELETE ON prerevoked"
	"  BEGIN SELECT RAISE(ABORT, 'a revocation is never taken back'); END",
	NULL
};
/* clang-format on */
