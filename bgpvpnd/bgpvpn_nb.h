// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: yang/frr-bgpvpn.yang and what each node of it does. bgpvpn_nb.c is the table,
 * bgpvpn_nb_config.c changes tunnels, bgpvpn_nb_state.c reads them, bgpvpn_cli*.c are the way that an
 * operator types and reads the same tree.
 */
#ifndef BGPVPN_BGPVPN_NB_H
#define BGPVPN_BGPVPN_NB_H

#include "lib/northbound.h"

extern const struct frr_yang_module_info frr_bgpvpn_info;

/*
 * "incomplete: ..." for a configured tunnel that lacks something it needs; NULL: it lacks nothing. The
 * _next form walks the names of all incomplete tunnels in order; the next of NULL is the first, NULL ends.
 */
const char *bgpvpn_incomplete(const char *tunnel);
const char *bgpvpn_incomplete_next(const char *after);

/* Before the loop runs. fini forgets marks and incomplete tunnels; for the end of the process. */
void bgpvpn_nb_init(void);
void bgpvpn_nb_fini(void);

/* --- bgpvpn_nb_config.c ---------------------------------------------------------------------------------- */

/* Every change marks its tunnel or profile; vpn_apply_finish() acts on the marks, once. */
int vpn_mark_create(struct nb_cb_create_args *args);
int vpn_mark_modify(struct nb_cb_modify_args *args);
int vpn_mark_destroy(struct nb_cb_destroy_args *args);

int vpn_ike_proposals_modify(struct nb_cb_modify_args *args);
int vpn_esp_proposals_modify(struct nb_cb_modify_args *args);
int vpn_address_modify(struct nb_cb_modify_args *args);
int vpn_id_modify(struct nb_cb_modify_args *args);
int vpn_secret_modify(struct nb_cb_modify_args *args);
int vpn_secret_file_modify(struct nb_cb_modify_args *args);
int vpn_ppk_modify(struct nb_cb_modify_args *args);
int vpn_certificate_modify(struct nb_cb_modify_args *args);
int vpn_ca_modify(struct nb_cb_modify_args *args);
int vpn_interface_modify(struct nb_cb_modify_args *args);
int vpn_manual_modify(struct nb_cb_modify_args *args);
int vpn_kind_modify(struct nb_cb_modify_args *args);
int vpn_if_id_modify(struct nb_cb_modify_args *args);
int vpn_vti_mark_modify(struct nb_cb_modify_args *args);
int vpn_netns_modify(struct nb_cb_modify_args *args);
int vpn_vrf_modify(struct nb_cb_modify_args *args);
int vpn_selector_create(struct nb_cb_create_args *args);
int vpn_inside_create(struct nb_cb_create_args *args);
int vpn_mtu_modify(struct nb_cb_modify_args *args);
int vpn_pre_validate(struct nb_cb_pre_validate_args *args);
int vpn_tunnel_pre_validate(struct nb_cb_pre_validate_args *args);
void vpn_apply_finish(struct nb_cb_apply_finish_args *args);

/* --- bgpvpn_nb_state.c ----------------------------------------------------------------------------------- */

const void *vpn_tunnel_get_next(struct nb_cb_get_next_args *args);
int vpn_tunnel_get_keys(struct nb_cb_get_keys_args *args);
const void *vpn_tunnel_lookup_entry(struct nb_cb_lookup_entry_args *args);
struct yang_data *vpn_state_data_plane(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_link_state(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_link_reason(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_link_changes(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_ike_state(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_child_installed(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_ike_proposal(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_esp_proposal(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_nat(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_rtt(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_packets_in(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_packets_out(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_bytes_in(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_bytes_out(struct nb_cb_get_elem_args *args);
struct yang_data *vpn_state_last_failure(struct nb_cb_get_elem_args *args);

/* --- bgpvpn_cli*.c --------------------------------------------------------------------------------------- */

void vpn_profile_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_tunnel_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_block_show_end(struct vty *vty, const struct lyd_node *dnode);
void vpn_ike_proposals_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_ike_lifetime_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_esp_proposals_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_esp_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_replay_window_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_liveness_interval_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_liveness_detect_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_nat_traversal_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_fragmentation_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_description_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_tunnel_profile_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_local_address_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_local_id_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_remote_address_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_remote_id_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_secret_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_secret_file_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_ppk_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_authentication_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_rsa_signature_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_manual_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_selector_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_if_id_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_vti_mark_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_netns_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_vrf_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_encapsulation_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_interface_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_inside_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_initiate_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_mobike_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_mtu_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_tcp_mss_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_hold_up_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);
void vpn_shutdown_show(struct vty *vty, const struct lyd_node *dnode, bool defaults);

#endif
