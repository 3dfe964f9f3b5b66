/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.c - in which order the files of one delivery go in. */
#include "config.h"

#include "common/message/envelope.h"
#include "orchestrator/cli/bundle.h"

enum rank {
	RANK_GRANT,
	RANK_REVOKE,
	RANK_TIME,
	RANK_ACK,
	RANK_PROFILE,
	RANK_AGREE,
	RANK_CRLORDER,
	RANK_PAUTH,
	RANK_DAUTH,
	RANK_OTHER
};

unsigned
eh_bundle_rank(const uint8_t *bytes, size_t len)
{
	static const struct {
		enum eh_message_type type;
		enum rank rank;
	} order[] = {
		{ EH_MESSAGE_GRANT, RANK_GRANT },
		{ EH_MESSAGE_REVOKE, RANK_REVOKE },
		{ EH_MESSAGE_TIME, RANK_TIME },
		{ EH_MESSAGE_ACK, RANK_ACK },
		{ EH_MESSAGE_AGREE, RANK_AGREE },
		{ EH_MESSAGE_CRLORDER, RANK_CRLORDER },
		{ EH_MESSAGE_PAUTH, RANK_PAUTH },
		{ EH_MESSAGE_DAUTH, RANK_DAUTH },
	};
	struct eh_envelope e;

	if (len > 0 && bytes[0] >= 0xa0 && bytes[0] <= 0xbf)
		return RANK_PROFILE;
	if (eh_envelope_decode(bytes, len, &e, NULL) != EH_OK)
		return RANK_OTHER;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i].type == e.type)
			return order[i].rank;
	return RANK_OTHER;
}
