// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel's interface is, and what the tunnel carries, as configured, see bgpvpn_show.h. What nobody configured (a generated
 * if-id or mark) is null, and not said in text.
 */
#include <zebra.h>

#include "lib/json.h"
#include "lib/printfrr.h"
#include "lib/vty.h"

#include "bgpvpnd/bgpvpn_manual.h"
#include "bgpvpnd/bgpvpn_show.h"
#include "bgpvpnd/bgpvpnd.h"

/* --- words ----------------------------------------------------------------------------------------------- */

static const char *mode_of(const struct tunnel_cfg *cfg)
{
	return cfg->ike->transport ? "transport" : "tunnel";
}

/* "10.0.0.0/8 protocol 6 port 179"; "from - to" for what is no prefix. Returns buf. */
static const char *selector_str(const struct ts *ts, char *buf, size_t len)
{
	struct bytes start = ipaddr_bytes(&ts->start), end = ipaddr_bytes(&ts->end);
	unsigned int bits = 0, port;

	while (bits < start.n * 8 && !((start.p[bits / 8] ^ end.p[bits / 8]) & 0x80 >> bits % 8))
		bits++;
	snprintfrr(buf, len, "%pIA/%u", &ts->start, bits);
	if (ts->proto)
		snprintf(buf + strlen(buf), len - strlen(buf), " protocol %u", ts->proto);
	port = ts->port_start;
	if (ts->port_end == port)
		snprintf(buf + strlen(buf), len - strlen(buf), " port %u", port);
	return buf;
}

#define SELECTOR_LEN 96

/* --- json ------------------------------------------------------------------------------------------------ */

static void add_number(struct json_object *json, const char *key, uint32_t number)
{
	json_object_object_add(json, key, number ? json_object_new_int64(number) : NULL);
}

static void add_text(struct json_object *json, const char *key, const char *text)
{
	json_object_object_add(json, key, text[0] ? json_object_new_string(text) : NULL);
}

static void add_selectors(struct json_object *json, const char *key, const struct ts_list *list)
{
	struct json_object *array = json_object_new_array();
	char text[SELECTOR_LEN];

	for (uint8_t i = 0; i < list->n; i++)
		json_object_array_add(array,
				      json_object_new_string(selector_str(&list->ts[i], text, sizeof(text))));
	json_object_object_add(json, key, array);
}

static void add_shared(struct json_object *json, const struct tunnel_info *info)
{
	struct json_object *array = json_object_new_array();
	const char *other = NULL;

	while ((other = tunnels_on_interface(bgpvpn.tunnels, info->cfg->interface, other)))
		if (!strmatch(other, info->name))
			json_object_array_add(array, json_object_new_string(other));
	json_object_object_add(json, "sharedWith", array);
}

static void add_alike(struct json_object *json, const struct tunnel_info *info)
{
	struct json_object *array = json_object_new_array();
	const char *other = NULL;

	while ((other = tunnels_alike(bgpvpn.tunnels, info->name, other)))
		json_object_array_add(array, json_object_new_string(other));
	json_object_object_add(json, "alike", array);
}

static void add_manual(struct json_object *json, const struct tunnel_cfg *cfg)
{
	struct json_object *manual = cfg->manual ? json_object_new_object() : NULL;

	json_object_object_add(json, "manualSa", manual);
	if (!manual)
		return;
	add_text(manual, "algorithm", bgpvpn_manual_algorithm(&cfg->manual_sa));
	add_number(manual, "spiIn", cfg->manual_sa.in.spi);
	add_number(manual, "spiOut", cfg->manual_sa.out.spi);
	json_object_boolean_add(manual, "udp", cfg->manual_sa.udp_encap);
}

void bgpvpn_json_link(struct json_object *json, const struct tunnel_info *info)
{
	const struct dplane_link_nature *nature = &info->cfg->nature;
	const struct ike_conn_cfg *ike = info->cfg->ike;

	add_text(json, "kind", dplane_kind_name(nature->kind));
	add_number(json, "ifIdIn", nature->if_id_in);
	add_number(json, "ifIdOut", nature->if_id_out);
	add_text(json, "ifIdInterface", nature->name_in);
	add_number(json, "mark", nature->mark);
	add_text(json, "netns", nature->netns);
	add_text(json, "vrf", info->cfg->vrf);
	add_shared(json, info);
	add_alike(json, info);
	json_object_boolean_add(json, "manyPeers", ike->many);
	json_object_string_add(json, "mode", mode_of(info->cfg));
	add_manual(json, info->cfg);
	add_number(json, "hostsProtocol", ike->hosts_proto);
	add_selectors(json, "selectorsLocal", &ike->ts_local);
	add_selectors(json, "selectorsRemote", &ike->ts_remote);
}

struct json_object *bgpvpn_json_kinds(void)
{
	static const enum dplane_kind kinds[] = {DPLANE_KIND_TUN, DPLANE_KIND_XFRM, DPLANE_KIND_VTI,
						 DPLANE_KIND_GRE, DPLANE_KIND_IPIP};
	struct json_object *json = json_object_new_object();
	struct dplane *dp = bgpvpn.dplane;

	for (size_t i = 0; i < array_size(kinds); i++) {
		const char *missing = dp ? dp->ops->kind_missing(dp, kinds[i]) : "there is no data plane";

		json_object_string_add(json, dplane_kind_name(kinds[i]), missing ? missing : "available");
	}
	return json;
}

/* --- text ------------------------------------------------------------------------------------------------ */

static void out_numbers(struct vty *vty, const struct dplane_link_nature *nature)
{
	if (nature->if_id_in != nature->if_id_out)
		vty_out(vty, ", if-id in %u out %u", nature->if_id_in, nature->if_id_out);
	else if (nature->if_id_in)
		vty_out(vty, ", if-id %u", nature->if_id_in);
	if (nature->name_in[0])
		vty_out(vty, ", packets come out of %s", nature->name_in);
	if (nature->mark)
		vty_out(vty, ", mark %u", nature->mark);
}

static void out_shared(struct vty *vty, const struct tunnel_info *info)
{
	const char *other = NULL, *head = "  Shared with:";

	while ((other = tunnels_on_interface(bgpvpn.tunnels, info->cfg->interface, other)))
		if (!strmatch(other, info->name)) {
			vty_out(vty, "%s %s", head, other);
			head = "";
		}
	if (!head[0])
		vty_out(vty, "\n");
}

static void out_alike(struct vty *vty, const struct tunnel_info *info)
{
	char words[256] = "";
	const char *other = NULL;

	while ((other = tunnels_alike(bgpvpn.tunnels, info->name, other)))
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", words[0] ? ", " : "",
			 other);
	if (!words[0])
		return;
	bgpvpn_out_wrapped(vty, "  Alike:", words);
	bgpvpn_out_wrapped(
		vty, "   ",
		"The peer cannot tell these from this one, and may have taken one for another: give each a `local id` or `remote id` of its own.");
}

static void out_selectors(struct vty *vty, const char *side, const struct ts_list *list)
{
	char text[SELECTOR_LEN];

	for (uint8_t i = 0; i < list->n; i++)
		vty_out(vty, "  Selector, %s side: %s\n", side,
			selector_str(&list->ts[i], text, sizeof(text)));
}

void bgpvpn_show_link(struct vty *vty, const struct tunnel_info *info)
{
	const struct dplane_link_nature *nature = &info->cfg->nature;
	const char *kind = dplane_kind_name(nature->kind);

	vty_out(vty, "  Kind: %s", kind[0] ? kind : "of the data plane");
	out_numbers(vty, nature);
	if (nature->netns[0])
		vty_out(vty, ", network namespace %s", nature->netns);
	if (info->cfg->vrf[0])
		vty_out(vty, ", VRF %s", info->cfg->vrf);
	vty_out(vty, ", ESP in %s mode\n", mode_of(info->cfg));
	out_shared(vty, info);
	out_alike(vty, info);
	if (info->cfg->manual)
		vty_out(vty, "  Keys by hand: %s, SPI in 0x%08x out 0x%08x\n",
			bgpvpn_manual_algorithm(&info->cfg->manual_sa), info->cfg->manual_sa.in.spi,
			info->cfg->manual_sa.out.spi);
	if (info->cfg->ike->hosts_proto) {
		vty_out(vty, "  Selectors: between the outer addresses, protocol %u\n",
			info->cfg->ike->hosts_proto);
		return;
	}
	out_selectors(vty, "local", &info->cfg->ike->ts_local);
	out_selectors(vty, "remote", &info->cfg->ike->ts_remote);
}
