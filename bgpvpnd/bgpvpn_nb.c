// SPDX-License-Identifier: GPL-2.0-or-later
/* The northbound table: one row for each node of frr-bgpvpn.yang. Nothing else is here. */
#include <zebra.h>

#include "lib/northbound.h"

#include "bgpvpnd/bgpvpn_nb.h"

/* clang-format off */
#define PROFILE "/frr-bgpvpn:vpn/profile"
#define TUNNEL	"/frr-bgpvpn:vpn/tunnel"
#define STATE	"/frr-bgpvpn:vpn/tunnel/state"

/* A leaf with a default has no destroy: `no` gives it its default. */
#define LEAF(xp, check, show)	  { .xpath = (xp), .cbs = { .modify = (check), .cli_show = (show) } }
#define OPTIONAL(xp, check, show) { .xpath = (xp), .cbs = { .modify = (check), .destroy = vpn_mark_destroy, .cli_show = (show) } }
#define GET(xp, get)		  { .xpath = (xp), .cbs = { .get_elem = (get) } }

const struct frr_yang_module_info frr_bgpvpn_info = {
	.name = "frr-bgpvpn",
	.nodes = {
		{ .xpath = "/frr-bgpvpn:vpn", .cbs = { .pre_validate = vpn_pre_validate, .apply_finish = vpn_apply_finish } },

		{ .xpath = PROFILE, .cbs = { .create = vpn_mark_create, .destroy = vpn_mark_destroy,
					     .cli_show = vpn_profile_show, .cli_show_end = vpn_block_show_end } },
		LEAF(PROFILE "/ike/proposals", vpn_ike_proposals_modify, vpn_ike_proposals_show),
		LEAF(PROFILE "/ike/lifetime", vpn_mark_modify, vpn_ike_lifetime_show),
		LEAF(PROFILE "/esp/proposals", vpn_esp_proposals_modify, vpn_esp_proposals_show),
		{ .xpath = PROFILE "/esp", .cbs = { .cli_show = vpn_esp_show } },
		LEAF(PROFILE "/esp/lifetime", vpn_mark_modify, NULL),
		OPTIONAL(PROFILE "/esp/lifetime-bytes", vpn_mark_modify, NULL),
		OPTIONAL(PROFILE "/esp/lifetime-packets", vpn_mark_modify, NULL),
		LEAF(PROFILE "/esp/replay-window", vpn_mark_modify, vpn_replay_window_show),
		LEAF(PROFILE "/liveness/interval", vpn_mark_modify, vpn_liveness_interval_show),
		LEAF(PROFILE "/liveness/detect", vpn_mark_modify, vpn_liveness_detect_show),
		LEAF(PROFILE "/nat-traversal", vpn_mark_modify, vpn_nat_traversal_show),
		LEAF(PROFILE "/fragmentation", vpn_mark_modify, vpn_fragmentation_show),

		{ .xpath = TUNNEL, .cbs = { .create = vpn_mark_create, .destroy = vpn_mark_destroy,
					    .pre_validate = vpn_tunnel_pre_validate,
					    .get_next = vpn_tunnel_get_next, .get_keys = vpn_tunnel_get_keys,
					    .lookup_entry = vpn_tunnel_lookup_entry,
					    .cli_show = vpn_tunnel_show, .cli_show_end = vpn_block_show_end } },
		OPTIONAL(TUNNEL "/description", vpn_mark_modify, vpn_description_show),
		OPTIONAL(TUNNEL "/profile", vpn_mark_modify, vpn_tunnel_profile_show),
		OPTIONAL(TUNNEL "/local/address", vpn_address_modify, vpn_local_address_show),
		{ .xpath = TUNNEL "/local/id", .cbs = { .cli_show = vpn_local_id_show } },
		OPTIONAL(TUNNEL "/local/id/kind", vpn_id_modify, NULL),
		OPTIONAL(TUNNEL "/local/id/value", vpn_id_modify, NULL),
		OPTIONAL(TUNNEL "/remote/address", vpn_address_modify, vpn_remote_address_show),
		{ .xpath = TUNNEL "/remote/id", .cbs = { .cli_show = vpn_remote_id_show } },
		OPTIONAL(TUNNEL "/remote/id/kind", vpn_id_modify, NULL),
		OPTIONAL(TUNNEL "/remote/id/value", vpn_id_modify, NULL),
		OPTIONAL(TUNNEL "/pre-shared-key", vpn_secret_modify, vpn_secret_show),
		OPTIONAL(TUNNEL "/pre-shared-key-file", vpn_secret_file_modify, vpn_secret_file_show),
		{ .xpath = TUNNEL "/ppk", .cbs = { .cli_show = vpn_ppk_show } },
		OPTIONAL(TUNNEL "/ppk/id", vpn_mark_modify, NULL),
		OPTIONAL(TUNNEL "/ppk/secret", vpn_ppk_modify, NULL),
		OPTIONAL(TUNNEL "/ppk/file", vpn_ppk_modify, NULL),
		LEAF(TUNNEL "/ppk/required", vpn_mark_modify, NULL),
		{ .xpath = TUNNEL "/authentication", .cbs = { .cli_show = vpn_authentication_show } },
		OPTIONAL(TUNNEL "/authentication/certificate", vpn_certificate_modify, NULL),
		OPTIONAL(TUNNEL "/authentication/private-key", vpn_certificate_modify, NULL),
		OPTIONAL(TUNNEL "/authentication/ca", vpn_ca_modify, NULL),
		OPTIONAL(TUNNEL "/authentication/crl", vpn_ca_modify, NULL),
		LEAF(TUNNEL "/authentication/rsa-signature", vpn_mark_modify, vpn_rsa_signature_show),
		{ .xpath = TUNNEL "/manual-sa", .cbs = { .cli_show = vpn_manual_show } },
		OPTIONAL(TUNNEL "/manual-sa/algorithm", vpn_manual_modify, NULL),
		OPTIONAL(TUNNEL "/manual-sa/in/spi", vpn_mark_modify, NULL),
		OPTIONAL(TUNNEL "/manual-sa/in/key-file", vpn_manual_modify, NULL),
		OPTIONAL(TUNNEL "/manual-sa/out/spi", vpn_mark_modify, NULL),
		OPTIONAL(TUNNEL "/manual-sa/out/key-file", vpn_manual_modify, NULL),
		{ .xpath = TUNNEL "/traffic-selector", .cbs = { .create = vpn_selector_create, .destroy = vpn_mark_destroy,
								.cli_show = vpn_selector_show } },
		{ .xpath = TUNNEL "/if-id", .cbs = { .cli_show = vpn_if_id_show } },
		OPTIONAL(TUNNEL "/if-id/in", vpn_if_id_modify, NULL),
		OPTIONAL(TUNNEL "/if-id/out", vpn_if_id_modify, NULL),
		OPTIONAL(TUNNEL "/if-id/interface", vpn_interface_modify, NULL),
		OPTIONAL(TUNNEL "/mark", vpn_vti_mark_modify, vpn_vti_mark_show),
		OPTIONAL(TUNNEL "/netns", vpn_netns_modify, vpn_netns_show),
		OPTIONAL(TUNNEL "/vrf", vpn_vrf_modify, vpn_vrf_show),
		LEAF(TUNNEL "/encapsulation", vpn_mark_modify, vpn_encapsulation_show),
		{ .xpath = TUNNEL "/interface", .cbs = { .cli_show = vpn_interface_show } },
		OPTIONAL(TUNNEL "/interface/name", vpn_interface_modify, NULL),
		OPTIONAL(TUNNEL "/interface/kind", vpn_kind_modify, NULL),
		{ .xpath = TUNNEL "/inside-address", .cbs = { .create = vpn_inside_create, .destroy = vpn_mark_destroy,
							      .cli_show = vpn_inside_show } },
		LEAF(TUNNEL "/initiate", vpn_mark_modify, vpn_initiate_show),
		LEAF(TUNNEL "/mobike", vpn_mark_modify, vpn_mobike_show),
		OPTIONAL(TUNNEL "/mtu", vpn_mtu_modify, vpn_mtu_show),
		OPTIONAL(TUNNEL "/tcp-mss", vpn_mark_modify, vpn_tcp_mss_show),
		LEAF(TUNNEL "/link/hold-up", vpn_mark_modify, vpn_hold_up_show),
		LEAF(TUNNEL "/shutdown", vpn_mark_modify, vpn_shutdown_show),

		GET(STATE "/data-plane", vpn_state_data_plane),
		GET(STATE "/link-state", vpn_state_link_state),
		GET(STATE "/link-reason", vpn_state_link_reason),
		GET(STATE "/link-changes", vpn_state_link_changes),
		GET(STATE "/ike-state", vpn_state_ike_state),
		GET(STATE "/child-installed", vpn_state_child_installed),
		GET(STATE "/ike-proposal", vpn_state_ike_proposal),
		GET(STATE "/esp-proposal", vpn_state_esp_proposal),
		GET(STATE "/nat", vpn_state_nat),
		GET(STATE "/round-trip-time", vpn_state_rtt),
		GET(STATE "/packets-in", vpn_state_packets_in),
		GET(STATE "/packets-out", vpn_state_packets_out),
		GET(STATE "/bytes-in", vpn_state_bytes_in),
		GET(STATE "/bytes-out", vpn_state_bytes_out),
		GET(STATE "/last-failure", vpn_state_last_failure),
		{ .xpath = NULL },
	},
};
/* clang-format on */
