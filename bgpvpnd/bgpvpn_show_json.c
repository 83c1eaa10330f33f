// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON of `show vpn ...`: camelCase, numbers in the unit that the key names, null where there is nothing to
 * measure.
 */
#include <zebra.h>

#include "lib/json.h"
#include "lib/printfrr.h"

#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_show.h"
#include "bgpvpnd/bgpvpn_udp.h"
#include "bgpvpnd/bgpvpn_zebra.h"
#include "bgpvpnd/bgpvpnd.h"
#include "bgpvpnd/crypto/crypto.h"

const char *bgpvpn_phase_name(enum ike_phase phase)
{
	switch (phase) {
	case IKE_PHASE_NONE:
		return "idle";
	case IKE_PHASE_SA_INIT:
		return "sa-init";
	case IKE_PHASE_AUTH:
		return "auth";
	case IKE_PHASE_ESTABLISHED:
		return "established";
	}
	assert(!"unknown phase");
	return "";
}

const char *bgpvpn_ike_state(const struct tunnel_info *info)
{
	return info->cfg->manual ? "manual" : bgpvpn_phase_name(info->ike.phase);
}

const char *bgpvpn_link_reason(const struct tunnel_info *info)
{
	const char *missing = bgpvpn_incomplete(info->name);

	return missing ? missing : info->link_reason;
}

bool bgpvpn_nat_seen(const struct tunnel_info *info)
{
	return info->ike.nat_remote || info->ike.nat_local;
}

int64_t bgpvpn_last_inbound_ms(const struct tunnel_info *info, struct instant now)
{
	struct instant last = info->last_heard;

	if (instant_before(last, info->child.last_in))
		last = info->child.last_in;
	return last.us ? instant_diff(now, last) / USEC_PER_MS : -1;
}

/* --- tunnel ---------------------------------------------------------------------------------------------- */

static void add_number_or_null(struct json_object *json, const char *key, bool known, int64_t number)
{
	json_object_object_add(json, key, known ? json_object_new_int64(number) : NULL);
}

/* Microseconds as milliseconds with three decimals, and no binary dust behind them. */
static void add_ms_or_null(struct json_object *json, const char *key, int64_t us)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64 ".%03d", us / USEC_PER_MS, (int)(us % USEC_PER_MS));
	json_object_object_add(json, key, us > 0 ? json_object_new_double_s(us / 1000.0, text) : NULL);
}

static void add_text_or_null(struct json_object *json, const char *key, const char *text)
{
	json_object_object_add(json, key, text[0] ? json_object_new_string(text) : NULL);
}

/* The address that is in use, else the configured one, else null. */
static void add_address(struct json_object *json, const char *key, const struct ipaddr *used,
			const struct ipaddr *configured)
{
	const struct ipaddr *addr = ipaddr_is_unspecified(used) ? configured : used;

	if (ipaddr_is_unspecified(addr))
		json_object_object_add(json, key, NULL);
	else
		json_object_string_addf(json, key, "%pIA", addr);
}

static void add_spi(struct json_object *json, const char *key, uint64_t spi, int digits)
{
	if (spi)
		json_object_string_addf(json, key, "0x%0*" PRIx64, digits, spi);
	else
		json_object_object_add(json, key, NULL);
}

static void add_link(struct json_object *json, const struct tunnel_info *info, struct instant now)
{
	struct bgpvpn_zebra_if zif;

	bgpvpn_zebra_if(info->cfg->interface, &zif);
	json_object_string_add(json, "interface", info->cfg->interface);
	add_number_or_null(json, "interfaceIndex", zif.ifindex != 0, zif.ifindex);
	json_object_boolean_add(json, "zebraOperative", zif.operative);
	json_object_string_add(json, "dataplane", info->dataplane ? info->dataplane : "none");
	json_object_string_add(json, "linkState", info->link_up ? "up" : "down");
	json_object_string_add(json, "linkReason", bgpvpn_link_reason(info));
	json_object_boolean_add(json, "waitsForPacket", info->waiting);
	json_object_int_add(json, "linkChanges", info->link_changes);
	json_object_boolean_add(json, "reachable", info->reachable);
	json_object_int_add(json, "mtu", info->mtu);
	json_object_string_add(json, "mtuFrom", tunnel_mtu_from_name(info->mtu_from));
	add_number_or_null(json, "pathMtu", info->path_mtu != 0, info->path_mtu);
	if (info->path_device[0])
		json_object_string_add(json, "pathDevice", info->path_device);
	json_object_int_add(json, "uptimeMs",
			    info->link_up ? instant_diff(now, info->link_since) / USEC_PER_MS : 0);
}

static void add_ike(struct json_object *json, const struct tunnel_info *info)
{
	const struct ike_conn_info *ike = &info->ike;

	json_object_string_add(json, "ikeState", bgpvpn_ike_state(info));
	json_object_string_add(json, "childState", info->child_installed ? "installed" : "none");
	json_object_boolean_add(json, "initiator", ike->initiator);
	add_address(json, "localAddress", &ike->local.addr, &info->cfg->ike->local);
	add_address(json, "remoteAddress", &ike->remote.addr, &info->cfg->ike->remote);
	add_number_or_null(json, "localPort", ike->local.port != 0, ike->local.port);
	add_number_or_null(json, "remotePort", ike->remote.port != 0, ike->remote.port);
	add_text_or_null(json, "ikeProposal", ike->ike_proposal);
	add_text_or_null(json, "espProposal", ike->esp_proposal);
	json_object_boolean_add(json, "nat", bgpvpn_nat_seen(info));
	json_object_boolean_add(json, "ppk", ike->ppk);
	json_object_boolean_add(json, "mobike", ike->mobike);
	add_spi(json, "ikeSpiInitiator", ike->spi_i, 16);
	add_spi(json, "ikeSpiResponder", ike->spi_r, 16);
	json_object_int_add(json, "espPairs", info->num_pairs);
	add_spi(json, "espSpiIn", ike->child_spi_in, 8);
	add_spi(json, "espSpiOut", ike->child_spi_out, 8);
	add_ms_or_null(json, "rttMs", ike->srtt_us);
}

/* Of a template its peers, of an instance whose it is. */
static void add_kin(struct json_object *json, const struct tunnel_info *info)
{
	char id[LIMIT_ID * 2 + 8];

	if (info->many) {
		json_object_int_add(json, "peers", info->peers);
		json_object_int_add(json, "peersUp", info->peers_up);
	}
	if (!info->parent[0])
		return;
	json_object_string_add(json, "instanceOf", info->parent);
	json_object_string_add(json, "remoteId", ike_id_format(&info->peer_id, id, sizeof(id)));
}

static void add_traffic(struct json_object *json, const struct tunnel_info *info, struct instant now)
{
	int64_t last = bgpvpn_last_inbound_ms(info, now);

	add_number_or_null(json, "lastInboundMs", last >= 0, last);
	json_object_int_add(json, "bytesIn", info->child.bytes_in);
	json_object_int_add(json, "bytesOut", info->child.bytes_out);
	json_object_int_add(json, "packetsIn", info->child.packets_in);
	json_object_int_add(json, "packetsOut", info->child.packets_out);
	json_object_int_add(json, "replays", info->child.replays);
	json_object_int_add(json, "integrityFailures", info->child.integrity_failures);
	json_object_int_add(json, "insideProbesSent", info->inside.sent);
	json_object_int_add(json, "insideProbesAnswered", info->inside.answered);
}

static void add_failure(struct json_object *json, const struct ike_conn_info *ike)
{
	if (ike->last_failure == IKE_R_OK) {
		json_object_object_add(json, "lastFailure", NULL);
		return;
	}
	json_object_string_add(json, "lastFailure", ike_reason_info(ike->last_failure)->words);
	add_text_or_null(json, "lastFailureDetail", ike->last_failure_detail);
}

struct json_object *bgpvpn_json_tunnel(const struct tunnel_info *info, struct instant now)
{
	struct json_object *json = json_object_new_object(), *inside = json_object_new_array();

	add_text_or_null(json, "description", info->cfg->description);
	add_text_or_null(json, "profile", info->cfg->profile);
	add_kin(json, info);
	add_link(json, info, now);
	bgpvpn_json_link(json, info);
	add_ike(json, info);
	add_traffic(json, info, now);
	for (unsigned int i = 0; i < info->cfg->num_inside; i++)
		json_array_string_addf(inside, "%pFX", &info->cfg->inside[i]);
	json_object_object_add(json, "insideAddresses", inside);
	add_failure(json, &info->ike);
	return json;
}

struct json_object *bgpvpn_json_incomplete(const char *reason)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "interface", NULL);
	json_object_string_add(json, "dataplane", bgpvpn_dplane_name(&bgpvpn));
	json_object_string_add(json, "linkState", "down");
	json_object_string_add(json, "linkReason", reason);
	json_object_string_add(json, "ikeState", bgpvpn_phase_name(IKE_PHASE_NONE));
	json_object_string_add(json, "childState", "none");
	return json;
}

/* --- counters -------------------------------------------------------------------------------------------- */

static struct json_object *json_ike_counters(void)
{
	struct json_object *json = json_object_new_object(), *reasons = json_object_new_object();
	struct ike_counters c = {};

	ike_engine_counters(bgpvpn.engine, &c);
	json_object_int_add(json, "ikeSas", c.ike_sas);
	json_object_int_add(json, "halfOpen", c.half_open);
	json_object_int_add(json, "datagramsIn", c.datagrams_in);
	json_object_int_add(json, "datagramsOut", c.datagrams_out);
	json_object_int_add(json, "bytesIn", c.bytes_in);
	json_object_int_add(json, "bytesOut", c.bytes_out);
	json_object_int_add(json, "retransmissions", c.retransmissions);
	json_object_int_add(json, "cookiesSent", c.cookies_sent);
	json_object_int_add(json, "qcdTokensShown", c.qcd_shown);
	for (int i = IKE_R_OK + 1; i < IKE_R_MAX; i++)
		json_object_int_add(reasons, ike_reason_info(i)->key, c.reasons[i]);
	json_object_object_add(json, "refused", reasons);
	return json;
}

static struct json_object *json_udp_counters(void)
{
	struct json_object *json = json_object_new_object();
	struct bgpvpn_udp_info udp;

	bgpvpn_udp_info(bgpvpn.udp, &udp);
	json_object_boolean_add(json, "listeningIpv4", udp.v4);
	json_object_boolean_add(json, "listeningIpv6", udp.v6);
	json_object_int_add(json, "sendErrors", udp.send_errors);
	json_object_int_add(json, "receiveErrors", udp.receive_errors);
	json_object_int_add(json, "nattWithoutDataplane", bgpvpn.counters.no_natt_plane);
	json_object_int_add(json, "nattSendErrors", bgpvpn.counters.natt_send_fail);
	return json;
}

static struct json_object *json_dplane_counters(void)
{
	struct json_object *json = json_object_new_object();
	struct dplane_counters c = {};

	if (bgpvpn.dplane)
		bgpvpn.dplane->ops->counters(bgpvpn.dplane, &c);
	json_object_int_add(json, "noSa", c.no_sa);
	json_object_int_add(json, "early", c.early);
	json_object_int_add(json, "malformed", c.malformed);
	json_object_int_add(json, "selectors", c.selectors);
	json_object_int_add(json, "noChild", c.no_child);
	json_object_int_add(json, "queueFull", c.queue_full);
	json_object_int_add(json, "tunErrors", c.tun_errors);
	json_object_int_add(json, "socketErrors", c.socket_errors);
	json_object_int_add(json, "tooBig", c.too_big);
	json_object_int_add(json, "expired", c.expired);
	return json;
}

struct json_object *bgpvpn_json_counters(void)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "ike", json_ike_counters());
	json_object_object_add(json, "udp", json_udp_counters());
	json_object_object_add(json, "dataplane", json_dplane_counters());
	return json;
}

struct json_object *bgpvpn_json_dataplane(void)
{
	struct json_object *json = json_object_new_object();

	json_object_string_add(json, "dataplane", bgpvpn_dplane_name(&bgpvpn));
	json_object_string_add(json, "configured", bgpvpn_dplane_choice_name(bgpvpn.dplane_choice));
	json_object_string_add(json, "why", bgpvpn.dplane_why);
	json_object_boolean_add(json, "open", bgpvpn.dplane != NULL);
	json_object_object_add(json, "kinds", bgpvpn_json_kinds());
	json_object_string_add(json, "openssl", crypto_openssl_version());
	json_object_boolean_add(json, "mlKem", crypto_has_ml_kem());
	add_text_or_null(json, "error", bgpvpn.dplane_error);
	add_text_or_null(json, "lastError", bgpvpn.dplane ? dplane_error(bgpvpn.dplane) : "");
	json_object_object_add(json, "counters", json_dplane_counters());
	return json;
}
