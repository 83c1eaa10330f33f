// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show vpn ...`, `clear vpn ...`, `vpn rekey ...`. Text is for eyes and fits 100 columns; programs take json. Counters:
 * bgpvpn_vty_counters.c.
 */
#include <zebra.h>

#include "lib/command.h"
#include "lib/json.h"
#include "lib/printfrr.h"
#include "lib/termtable.h"
#include "lib/vty.h"

#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_show.h"
#include "bgpvpnd/bgpvpn_zebra.h"
#include "bgpvpnd/bgpvpnd.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_vty_clippy.c"
#endif

#define VPN_STR	   "Site-to-site tunnels\n"
#define TUNNEL_STR "A tunnel\nName of the tunnel\n"

/* --- words ----------------------------------------------------------------------------------------------- */

/* "450ms", "12s", "3h05m", "2d04h"; "never" for a negative one. Returns buf. */
static const char *duration(int64_t ms, char *buf, size_t len)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		strlcpy(buf, "never", len);
	else if (ms < 1000)
		snprintf(buf, len, "%" PRId64 "ms", ms);
	else if (s < 60)
		snprintf(buf, len, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(buf, len, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, len, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, len, "%" PRId64 "d%02" PRId64 "h", s / 86400, s % 86400 / 3600);
	return buf;
}

/* "812B", "3.4kB", "1.2GB". Returns buf. */
static const char *volume(uint64_t bytes, char *buf, size_t len)
{
	static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = bytes;
	unsigned int i = 0;

	while (value >= 1000 && i + 1 < array_size(unit)) {
		value /= 1000;
		i++;
	}
	snprintf(buf, len, i ? "%.1f%s" : "%.0f%s", value, unit[i]);
	return buf;
}

static const char *remote_of(const struct tunnel_info *info, char *buf, size_t len)
{
	const struct ipaddr *used = &info->ike.remote.addr;

	if (ipaddr_is_unspecified(used))
		used = &info->cfg->ike->remote;
	if (ipaddr_is_unspecified(used))
		strlcpy(buf, "any", len);
	else
		snprintfrr(buf, len, "%pIA", used);
	return buf;
}

static void out_reason(struct vty *vty, const char *tunnel, const char *reason)
{
	char head[LIMIT_TUNNEL_NAME + 16];

	snprintf(head, sizeof(head), "  %s is down:", tunnel);
	bgpvpn_out_wrapped(vty, head, reason);
}

/* --- show vpn, text -------------------------------------------------------------------------------------- */

static void add_row(struct ttable *tt, const struct tunnel_info *info, struct instant now)
{
	char remote[INET6_ADDRSTRLEN], since[24], heard[24], in[24], out[24], rtt[24] = "-";

	if (info->ike.srtt_us > 0)
		snprintf(rtt, sizeof(rtt), "%.1fms", info->ike.srtt_us / 1000.0);
	ttable_add_row(tt, "%s|%s|%s|%s|%s|%s|%s|%s|%s|%s", info->name, info->cfg->interface,
		       info->link_up ? "up" : "down",
		       info->link_since.us ? duration(instant_diff(now, info->link_since) / USEC_PER_MS,
						      since, sizeof(since))
					   : "-",
		       bgpvpn_ike_state(info), remote_of(info, remote, sizeof(remote)), rtt,
		       duration(bgpvpn_last_inbound_ms(info, now), heard, sizeof(heard)),
		       volume(info->child.bytes_in, in, sizeof(in)),
		       volume(info->child.bytes_out, out, sizeof(out)));
}

static struct ttable *new_table(void)
{
	struct ttable *tt = ttable_new(&ttable_styles[TTSTYLE_BLANK]);

	ttable_add_row(tt, "Tunnel|Interface|Link|Since|IKE|Remote|RTT|Heard|In|Out");
	tt->style.cell.rpad = 2;
	ttable_restyle(tt);
	return tt;
}

static void out_table(struct vty *vty, struct ttable *tt)
{
	char *table = ttable_dump(tt, "\n");

	vty_out(vty, "%s\n", table);
	XFREE(MTYPE_TMP, table);
	ttable_del(tt);
}

/* Tunnels without an interface are not known to tunnel/ yet. */
static bool is_unknown(const char *name)
{
	struct tunnel_info info;

	return !tunnels_info(bgpvpn.tunnels, name, &info);
}

static void out_reasons(struct vty *vty)
{
	struct tunnel_info info;
	const char *after = NULL;

	for (bool more = tunnels_info_next(bgpvpn.tunnels, NULL, &info); more;
	     more = tunnels_info_next(bgpvpn.tunnels, info.name, &info))
		if (!info.link_up)
			out_reason(vty, info.name, bgpvpn_link_reason(&info));
	while ((after = bgpvpn_incomplete_next(after)))
		if (is_unknown(after))
			out_reason(vty, after, bgpvpn_incomplete(after));
}

static void show_all_text(struct vty *vty, struct instant now)
{
	struct ttable *tt = new_table();
	struct tunnel_info info;
	const char *after = NULL;

	for (bool more = tunnels_info_next(bgpvpn.tunnels, NULL, &info); more;
	     more = tunnels_info_next(bgpvpn.tunnels, info.name, &info))
		add_row(tt, &info, now);
	while ((after = bgpvpn_incomplete_next(after)))
		if (is_unknown(after))
			ttable_add_row(tt, "%s|-|down|-|idle|-|-|never|0B|0B", after);
	out_table(vty, tt);
	out_reasons(vty);
}

static void out_id(struct vty *vty, const char *what, const struct ike_id_cfg *id)
{
	char text[LIMIT_ID * 2 + 8];

	if (id->type)
		vty_out(vty, "  %s identity: %s (%s)\n", what, ike_id_format(id, text, sizeof(text)),
			iana_id_name(id->type));
}

static void out_detail_ike(struct vty *vty, const struct tunnel_info *info, struct instant now)
{
	const struct ike_conn_info *ike = &info->ike;
	char local[ENDPOINT_STRLEN], remote[ENDPOINT_STRLEN], age[24];

	if (info->cfg->manual) {
		vty_out(vty, "  IKE SA: none, the keys are manual\n");
		return;
	}
	vty_out(vty, "  IKE SA: %s", bgpvpn_phase_name(ike->phase));
	if (ike->phase == IKE_PHASE_ESTABLISHED)
		vty_out(vty, " for %s, %s, SPIs %016" PRIx64 " %016" PRIx64,
			duration(instant_diff(now, ike->established) / USEC_PER_MS, age, sizeof(age)),
			ike->initiator ? "initiated by us" : "initiated by the peer", ike->spi_i, ike->spi_r);
	vty_out(vty, "\n");
	if (ike->phase != IKE_PHASE_NONE)
		vty_out(vty, "  Endpoints: %s - %s%s%s%s\n",
			bgpvpn_endpoint_str(&ike->local, local, sizeof(local)),
			bgpvpn_endpoint_str(&ike->remote, remote, sizeof(remote)),
			ike->local.port == IKE_NATT_PORT ? ", ESP in UDP" : "",
			bgpvpn_nat_seen(info) ? ", NAT seen or pretended by the peer" : "",
			ike->mobike ? ", MOBIKE" : "");
	if (ike->ike_proposal[0])
		vty_out(vty, "  IKE proposal: %s\n", ike->ike_proposal);
	if (ike->phase == IKE_PHASE_ESTABLISHED && info->cfg->ike->ppk.secret.len)
		vty_out(vty, "  Post-quantum pre-shared key: %s\n",
			ike->ppk ? "in use" : "not in use, the peer has none or another");
	if (ike->srtt_us > 0)
		vty_out(vty, "  Round-trip time: %.1f ms, retransmission after %.1f ms\n",
			ike->srtt_us / 1000.0, ike->rto_us / 1000.0);
	if (ike->request_outstanding)
		vty_out(vty, "  Waiting for an answer: request sent %u times, for %s\n", ike->request_tries,
			duration(instant_diff(now, ike->request_since) / USEC_PER_MS, age, sizeof(age)));
}

static void out_detail_child(struct vty *vty, const struct tunnel_info *info, struct instant now)
{
	const struct dplane_child_stats *child = &info->child;
	char age[24], in[24], out[24];

	if (!info->child_installed) {
		vty_out(vty, "  ESP SAs: none\n");
		return;
	}
	vty_out(vty, "  ESP SAs: SPI in 0x%08x out 0x%08x, installed for %s, %s\n", info->ike.child_spi_in,
		info->ike.child_spi_out,
		duration(instant_diff(now, info->ike.child_since) / USEC_PER_MS, age, sizeof(age)),
		info->ike.esp_proposal);
	vty_out(vty, "  Received: %" PRIu64 " packets, %s; sent: %" PRIu64 " packets, %s\n",
		child->packets_in, volume(child->bytes_in, in, sizeof(in)), child->packets_out,
		volume(child->bytes_out, out, sizeof(out)));
	if (child->replays || child->integrity_failures)
		vty_out(vty, "  Dropped: %" PRIu64 " replays, %" PRIu64 " with a wrong ICV\n", child->replays,
			child->integrity_failures);
	if (info->inside.sent)
		vty_out(vty, "  Inside probes: %" PRIu64 " sent, %" PRIu64 " answered\n", info->inside.sent,
			info->inside.answered);
}

static void out_detail_link(struct vty *vty, const struct tunnel_info *info, struct instant now)
{
	struct bgpvpn_zebra_if zif;
	char since[24], mtu[96];

	bgpvpn_zebra_if(info->cfg->interface, &zif);
	tunnel_mtu_words(info, mtu, sizeof(mtu));
	vty_out(vty, "  Interface: %s (index %u), data plane %s, zebra sees it %s\n", info->cfg->interface,
		zif.ifindex, info->dataplane ? info->dataplane : "none", zif.operative ? "up" : "down");
	vty_out(vty, "  MTU: %u, %s\n", info->mtu, mtu);
	bgpvpn_show_link(vty, info);
	for (unsigned int i = 0; i < info->cfg->num_inside; i++)
		vty_out(vty, "  Inside address: %pFX\n", &info->cfg->inside[i]);
	vty_out(vty, "  Link: %s", info->link_up ? "up" : "down");
	if (info->link_since.us)
		vty_out(vty, " for %s",
			duration(instant_diff(now, info->link_since) / USEC_PER_MS, since, sizeof(since)));
	vty_out(vty, ", changed %u times\n", info->link_changes);
	bgpvpn_out_wrapped(vty, "  Reason:", bgpvpn_link_reason(info));
}

static void show_detail_text(struct vty *vty, const struct tunnel_info *info, struct instant now)
{
	char remote[INET6_ADDRSTRLEN], heard[24];

	vty_out(vty, "Tunnel %s to %s%s\n", info->name, remote_of(info, remote, sizeof(remote)),
		info->cfg->shutdown && !bgpvpn_incomplete(info->name) ? " (shut down)" : "");
	if (info->cfg->description[0])
		vty_out(vty, "  Description: %s\n", info->cfg->description);
	if (info->cfg->profile[0])
		vty_out(vty, "  Profile: %s\n", info->cfg->profile);
	out_id(vty, "Local", &info->cfg->ike->local_id);
	out_id(vty, "Remote", info->parent[0] ? &info->peer_id : &info->cfg->ike->remote_id);
	if (info->many)
		vty_out(vty, "  Peers: %u, %u of them up\n", info->peers, info->peers_up);
	out_detail_link(vty, info, now);
	out_detail_ike(vty, info, now);
	out_detail_child(vty, info, now);
	vty_out(vty, "  Last heard: %s\n", duration(bgpvpn_last_inbound_ms(info, now), heard, sizeof(heard)));
	if (info->ike.last_failure != IKE_R_OK) {
		bgpvpn_out_wrapped(vty, "  Last failure:", ike_reason_info(info->ike.last_failure)->words);
		if (info->ike.last_failure_detail[0])
			bgpvpn_out_wrapped(vty, "   ", info->ike.last_failure_detail);
	}
}

static void show_one_text(struct vty *vty, const struct tunnel_info *info, bool detail, struct instant now)
{
	struct ttable *tt;

	if (detail) {
		show_detail_text(vty, info, now);
		return;
	}
	tt = new_table();
	add_row(tt, info, now);
	out_table(vty, tt);
	if (!info->link_up)
		out_reason(vty, info->name, bgpvpn_link_reason(info));
}

static void show_all_detail(struct vty *vty, struct instant now)
{
	struct tunnel_info info;
	const char *after = NULL;

	for (bool more = tunnels_info_next(bgpvpn.tunnels, NULL, &info); more;
	     more = tunnels_info_next(bgpvpn.tunnels, info.name, &info)) {
		show_detail_text(vty, &info, now);
		vty_out(vty, "\n");
	}
	while ((after = bgpvpn_incomplete_next(after)))
		if (is_unknown(after))
			vty_out(vty, "Tunnel %s\n  Link: down\n  Reason: %s\n\n", after,
				bgpvpn_incomplete(after));
}

/* --- show vpn, json -------------------------------------------------------------------------------------- */

static void add_all_json(struct json_object *tunnels, struct instant now)
{
	struct tunnel_info info;
	const char *after = NULL;

	for (bool more = tunnels_info_next(bgpvpn.tunnels, NULL, &info); more;
	     more = tunnels_info_next(bgpvpn.tunnels, info.name, &info))
		json_object_object_add(tunnels, info.name, bgpvpn_json_tunnel(&info, now));
	while ((after = bgpvpn_incomplete_next(after)))
		if (is_unknown(after))
			json_object_object_add(tunnels, after,
					       bgpvpn_json_incomplete(bgpvpn_incomplete(after)));
}

static int out_tunnels_json(struct vty *vty, struct json_object *tunnels)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "tunnels", tunnels);
	return vty_json(vty, json);
}

/* --- commands -------------------------------------------------------------------------------------------- */

DEFPY(show_vpn, show_vpn_cmd,
      "show vpn [detail$detail] [json$json]",
      SHOW_STR
      VPN_STR
      "Everything about every tunnel\n"
      JSON_STR)
{
	struct instant now = bgpvpn_now();
	struct json_object *tunnels;

	if (json) {
		tunnels = json_object_new_object();
		add_all_json(tunnels, now);
		return out_tunnels_json(vty, tunnels);
	}
	if (detail)
		show_all_detail(vty, now);
	else
		show_all_text(vty, now);
	return CMD_SUCCESS;
}

static int show_incomplete(struct vty *vty, const char *name, bool json)
{
	const char *missing = bgpvpn_incomplete(name);
	struct json_object *tunnels;

	if (!json) {
		if (missing)
			out_reason(vty, name, missing);
		else
			vty_out(vty, "%% There is no tunnel %s\n", name);
		return missing ? CMD_SUCCESS : CMD_WARNING;
	}
	tunnels = json_object_new_object();
	if (missing)
		json_object_object_add(tunnels, name, bgpvpn_json_incomplete(missing));
	return out_tunnels_json(vty, tunnels);
}

DEFPY(show_vpn_tunnel, show_vpn_tunnel_cmd,
      "show vpn tunnel WORD$name [detail$detail] [json$json]",
      SHOW_STR
      VPN_STR
      TUNNEL_STR
      "Everything about it\n"
      JSON_STR)
{
	struct instant now = bgpvpn_now();
	struct tunnel_info info;
	struct json_object *tunnels;

	if (!tunnels_info(bgpvpn.tunnels, name, &info))
		return show_incomplete(vty, name, !!json);
	if (json) {
		tunnels = json_object_new_object();
		json_object_object_add(tunnels, info.name, bgpvpn_json_tunnel(&info, now));
		return out_tunnels_json(vty, tunnels);
	}
	show_one_text(vty, &info, !!detail, now);
	return CMD_SUCCESS;
}

DEFPY(clear_vpn_tunnel, clear_vpn_tunnel_cmd,
      "clear vpn tunnel WORD$name",
      CLEAR_STR
      VPN_STR
      TUNNEL_STR)
{
	if (!tunnels_clear(bgpvpn.tunnels, name, bgpvpn_now())) {
		vty_out(vty, "%% There is no tunnel %s\n", name);
		return CMD_WARNING;
	}
	bgpvpn_pump(&bgpvpn);
	return CMD_SUCCESS;
}

DEFPY(vpn_rekey_tunnel, vpn_rekey_tunnel_cmd,
      "vpn rekey tunnel WORD$name [<ike$ike|child>]",
      VPN_STR
      "New keys now, without losing a packet\n"
      TUNNEL_STR
      "Of the IKE SA\n"
      "Of the ESP SAs (default)\n")
{
	const char *refused = tunnels_rekey(bgpvpn.tunnels, name, !!ike, bgpvpn_now());

	if (refused) {
		vty_out(vty, "%% Tunnel %s: %s\n", name, refused);
		return CMD_WARNING;
	}
	bgpvpn_pump(&bgpvpn);
	return CMD_SUCCESS;
}

void bgpvpn_vty_init(void)
{
	install_element(VIEW_NODE, &show_vpn_cmd);
	install_element(VIEW_NODE, &show_vpn_tunnel_cmd);
	install_element(ENABLE_NODE, &clear_vpn_tunnel_cmd);
	install_element(ENABLE_NODE, &vpn_rekey_tunnel_cmd);
}
