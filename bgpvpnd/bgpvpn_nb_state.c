// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operational data: /frr-bgpvpn:vpn/tunnel/state, from the tunnels' by-value infos. A list entry is the
 * tunnel's current snapshot, which lives as long as one walk of the tree.
 */
#include <zebra.h>

#include "lib/northbound.h"

#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_show.h"
#include "bgpvpnd/bgpvpnd.h"

const void *vpn_tunnel_get_next(struct nb_cb_get_next_args *args)
{
	const struct tunnel_cfg *cfg = args->list_entry;
	struct tunnel_info info;

	/* Instances are not in the configuration, whose list this is. */
	do
		if (!tunnels_info_next(bgpvpn.tunnels, cfg ? cfg->name : NULL, &info))
			return NULL;
	while ((cfg = info.cfg) && info.parent[0]);
	return cfg;
}

int vpn_tunnel_get_keys(struct nb_cb_get_keys_args *args)
{
	const struct tunnel_cfg *cfg = args->list_entry;

	args->keys->num = 1;
	strlcpy(args->keys->key[0], cfg->name, sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *vpn_tunnel_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	struct tunnel_info info;

	return tunnels_info(bgpvpn.tunnels, args->keys->key[0], &info) && !info.parent[0] ? info.cfg : NULL;
}

/* A list entry always names a tunnel that exists: nothing changes during a walk. */
static struct tunnel_info info_of(const struct nb_cb_get_elem_args *args)
{
	const struct tunnel_cfg *cfg = args->list_entry;
	struct tunnel_info info = {};

	if (!tunnels_info(bgpvpn.tunnels, cfg->name, &info))
		memset(&info, 0, sizeof(info));
	return info;
}

static struct yang_data *text_or_absent(const char *xpath, const char *text)
{
	return text[0] ? yang_data_new_string(xpath, text) : NULL;
}

struct yang_data *vpn_state_data_plane(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_string(args->xpath, bgpvpn_dplane_name(&bgpvpn));
}

struct yang_data *vpn_state_link_state(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_string(args->xpath, info_of(args).link_up ? "up" : "down");
}

struct yang_data *vpn_state_link_reason(struct nb_cb_get_elem_args *args)
{
	struct tunnel_info info = info_of(args);

	return yang_data_new_string(args->xpath, bgpvpn_link_reason(&info));
}

struct yang_data *vpn_state_link_changes(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint32(args->xpath, info_of(args).link_changes);
}

struct yang_data *vpn_state_ike_state(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_string(args->xpath, bgpvpn_phase_name(info_of(args).ike.phase));
}

struct yang_data *vpn_state_child_installed(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_bool(args->xpath, info_of(args).child_installed);
}

struct yang_data *vpn_state_ike_proposal(struct nb_cb_get_elem_args *args)
{
	struct tunnel_info info = info_of(args);

	return text_or_absent(args->xpath, info.ike.ike_proposal);
}

struct yang_data *vpn_state_esp_proposal(struct nb_cb_get_elem_args *args)
{
	struct tunnel_info info = info_of(args);

	return text_or_absent(args->xpath, info.ike.esp_proposal);
}

struct yang_data *vpn_state_nat(struct nb_cb_get_elem_args *args)
{
	struct tunnel_info info = info_of(args);

	return yang_data_new_bool(args->xpath, bgpvpn_nat_seen(&info));
}

struct yang_data *vpn_state_rtt(struct nb_cb_get_elem_args *args)
{
	int64_t us = info_of(args).ike.srtt_us;

	return us > 0 ? yang_data_new_uint64(args->xpath, us) : NULL;
}

struct yang_data *vpn_state_packets_in(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint64(args->xpath, info_of(args).child.packets_in);
}

struct yang_data *vpn_state_packets_out(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint64(args->xpath, info_of(args).child.packets_out);
}

struct yang_data *vpn_state_bytes_in(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint64(args->xpath, info_of(args).child.bytes_in);
}

struct yang_data *vpn_state_bytes_out(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint64(args->xpath, info_of(args).child.bytes_out);
}

struct yang_data *vpn_state_last_failure(struct nb_cb_get_elem_args *args)
{
	struct tunnel_info info = info_of(args);

	if (info.ike.last_failure == IKE_R_OK)
		return NULL;
	return yang_data_new_string(args->xpath, ike_reason_info(info.ike.last_failure)->words);
}
