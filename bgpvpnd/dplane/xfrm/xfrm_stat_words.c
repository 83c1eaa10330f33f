// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel's IPsec statistics mean to an operator, in the kernel's order. Pure data. */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_stat.h"

#define INTO(counter) offsetof(struct xfrm_stat, counter)

static const struct xfrm_stat_row rows[] = {
	{"XfrmInError", "no memory for a packet that came: look at the machine's memory", XFRM_STAT_NOWHERE},
	{"XfrmInBufferError",
	 "a packet that came was wrapped in more than six layers of IPsec: nobody does that on purpose, see who sends it",
	 INTO(malformed)},
	{"XfrmInHdrError",
	 "a packet that came was too short for its ESP header: damaged on the way, or made up",
	 INTO(malformed)},
	{"XfrmInNoStates",
	 "ESP came for an SPI that nobody here has: the peer uses an SA that we do not have, one of the two was restarted; "
	 "a few at a rekeying are packets that were late. If it goes on: clear vpn tunnel",
	 INTO(no_sa)},
	{"XfrmInStateProtoError",
	 "a packet could not be decrypted or its checksum (ICV) was wrong: damaged on the way, forged, or the keys differ; "
	 "integrityFailures of show vpn says which tunnel",
	 XFRM_STAT_NOWHERE},
	{"XfrmInStateModeError",
	 "a decrypted packet is not of the mode of its SA (tunnel or transport): compare encapsulation at both ends",
	 XFRM_STAT_NOWHERE},
	{"XfrmInStateSeqError",
	 "a packet came twice or later than the replay window remembers: replayed, or reordered on the way; "
	 "a larger esp replay-window helps against the latter",
	 XFRM_STAT_NOWHERE},
	{"XfrmInStateExpired",
	 "a packet came by an SA whose lifetime is over: the peer goes on sending with it, rekeying fails or is too late",
	 INTO(expired)},
	{"XfrmInStateMismatch",
	 "ESP came in UDP by an SA that is not in UDP, or the other way round, or a packet outside of its SA's selectors: "
	 "a NAT came or went, the next rekeying or a new IKE SA repairs that",
	 XFRM_STAT_NOWHERE},
	{"XfrmInStateInvalid",
	 "a packet came by an SA that is just being deleted: harmless, a few at a rekeying",
	 XFRM_STAT_NOWHERE},
	{"XfrmInTmplMismatch",
	 "a packet is not from the SA that a policy wants: clear text for a network that is to come by a tunnel, "
	 "or it came by another tunnel than it is allowed to. See ip xfrm policy",
	 INTO(selectors)},
	{"XfrmInNoPols",
	 "a packet was decrypted, but no policy lets it in: the peer sends what traffic-selector does not name, "
	 "or somebody removed a policy (bgpvpnd puts its own back)",
	 INTO(selectors)},
	{"XfrmInPolBlock",
	 "a policy blocked a packet that came in the clear: as it should be where a tunnel protects that traffic",
	 INTO(selectors)},
	{"XfrmInPolError",
	 "the kernel could not look up a policy for a packet that came: look at the machine's memory",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutError",
	 "a packet could not be prepared for ESP: no memory, or a checksum that cannot be computed",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutBundleGenError",
	 "no way could be made for a packet into its tunnel: no route to the peer's address, or no memory",
	 INTO(no_child)},
	{"XfrmOutBundleCheckError",
	 "the way of a packet into its tunnel did not fit any more; kernels of today never count this",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutNoStates",
	 "a packet was to be sent by a tunnel that has no SA now: it is not up, or waits for the peer. See show vpn",
	 INTO(no_child)},
	{"XfrmOutStateProtoError",
	 "a packet could not be encrypted: no memory, or the kernel's crypto failed; see dmesg",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutStateModeError",
	 "a packet could not be wrapped: too big for the way to the peer, or of an address family that its SA does not carry; "
	 "compare mtu with the path",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutStateSeqError",
	 "the sequence numbers of an SA are used up, nothing is sent by it any more: rekeying fails; see show vpn detail, "
	 "and let an esp proposal have extended sequence numbers (esn)",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutStateExpired",
	 "a packet was to be sent by an SA whose lifetime is over: rekeying fails; see show vpn detail",
	 INTO(expired)},
	{"XfrmOutPolBlock",
	 "a policy blocked a packet that would have left in the clear: as it should be while its tunnel is down",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutPolDead",
	 "a packet met a policy that was just being removed: harmless, a few when a tunnel goes",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutPolError",
	 "the kernel could not look up a policy for a packet to be sent: look at the machine's memory",
	 XFRM_STAT_NOWHERE},
	{"XfrmFwdHdrError",
	 "a packet to be forwarded could not be understood well enough to look for a policy: malformed",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutStateInvalid",
	 "a packet was to be sent by an SA that is just being deleted: harmless, a few at a rekeying",
	 XFRM_STAT_NOWHERE},
	{"XfrmAcquireError",
	 "a packet came by an SPI that is reserved for an SA still being negotiated: harmless, the peer was faster",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutStateDirError",
	 "the policy of a packet to be sent names an SA made for packets that come: somebody else's SA, see ip xfrm state",
	 XFRM_STAT_NOWHERE},
	{"XfrmInStateDirError",
	 "a packet came by the SPI of an SA made for sending: the peer mixes up its SPIs, or it is forged",
	 XFRM_STAT_NOWHERE},
	{"XfrmInIptfsError",
	 "what came by an SA of mode IP-TFS (RFC 9347) was malformed; bgpvpnd makes no such SAs, so somebody else's",
	 XFRM_STAT_NOWHERE},
	{"XfrmOutNoQueueSpace",
	 "the queue of an SA of mode IP-TFS (RFC 9347) was full; bgpvpnd makes no such SAs, so somebody else's",
	 XFRM_STAT_NOWHERE},
};

const struct xfrm_stat_row *xfrm_stat_row(const char *name)
{
	for (size_t i = 0; i < array_size(rows); i++)
		if (strcmp(name, rows[i].name) == 0)
			return &rows[i];
	return NULL;
}
