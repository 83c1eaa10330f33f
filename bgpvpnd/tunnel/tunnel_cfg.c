// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's configuration: its defaults, its life, and how much a change of it disturbs. The northbound
 * makes one and fills it; from tunnels_set_cfg() on nobody writes to it.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUNNEL_CFG, "VPN tunnel configuration");

/* 1024 packets: reordering over many queues at 10 Gbit/s stays within it, and it costs 128 bytes. */
#define DEFAULT_REPLAY_WINDOW 1024

struct tunnel_cfg *tunnel_cfg_new(const char *name)
{
	struct tunnel_cfg *cfg = XCALLOC(MTYPE_TUNNEL_CFG, sizeof(*cfg));

	cfg->refs = 1;
	strlcpy(cfg->name, name, sizeof(cfg->name));
	cfg->initiate = TUNNEL_INITIATE_ALWAYS;
	cfg->hold_up_ms = 1000;
	cfg->liveness_interval_s = 10;
	cfg->liveness_detect_ms = 1000;
	cfg->replay_window = DEFAULT_REPLAY_WINDOW;
	cfg->ike = ike_conn_cfg_new();
	strlcpy(cfg->ike->name, name, sizeof(cfg->ike->name));
	return cfg;
}

struct tunnel_cfg *tunnel_cfg_ref(struct tunnel_cfg *cfg)
{
	cfg->refs++;
	return cfg;
}

void tunnel_cfg_unref(struct tunnel_cfg *cfg)
{
	if (!cfg || --cfg->refs > 0)
		return;
	ike_conn_cfg_unref(cfg->ike);
	child_sa_params_fini(&cfg->manual_sa);
	XFREE(MTYPE_TUNNEL_CFG, cfg);
}

struct tunnel_cfg *tunnel_cfg_instance(const struct tunnel_cfg *cfg, const char *name, const char *interface)
{
	struct tunnel_cfg *instance = XCALLOC(MTYPE_TUNNEL_CFG, sizeof(*instance));

	*instance = *cfg;
	instance->refs = 1;
	instance->ike = ike_conn_cfg_ref(cfg->ike);
	/* No template has one: of the keys that the assignment took along none is a copy. */
	instance->manual_sa = (struct child_sa_params){};
	strlcpy(instance->name, name, sizeof(instance->name));
	strlcpy(instance->interface, interface, sizeof(instance->interface));
	return instance;
}

void tunnel_cfg_seal(struct tunnel_cfg *cfg)
{
	cfg->ike->passive =
		cfg->initiate != TUNNEL_INITIATE_ALWAYS || ipaddr_is_unspecified(&cfg->ike->remote);
	cfg->ike->detect_ms = cfg->liveness_detect_ms;
}

static void hosts_only(struct ts_list *list, const struct ipaddr *host, uint8_t proto)
{
	ts_list_any(list);
	if (!ipaddr_is_unspecified(host)) {
		list->n = 1;
		list->ts[0].start = list->ts[0].end = *host;
	}
	for (int i = 0; i < list->n; i++)
		list->ts[i].proto = proto;
}

void tunnel_cfg_selectors(const struct tunnel_cfg *cfg, struct ts_list *local, struct ts_list *remote)
{
	const struct ike_conn_cfg *ike = cfg->ike;

	*local = ike->ts_local;
	*remote = ike->ts_remote;
	if (!ike->hosts_proto)
		return;
	hosts_only(local, &ike->local, ike->hosts_proto);
	hosts_only(remote, &ike->remote, ike->hosts_proto);
}

/*
 * --- comparison ------------------------------------------------------------------------------------------
 */

typedef bool same_fn(const void *a, const void *b, size_t size);

static bool same_bytes(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

static bool same_text(const void *a, const void *b, size_t size)
{
	return strncmp(a, b, size) == 0;
}

static bool same_addr(const void *a, const void *b, size_t size)
{
	return ipaddr_equal(a, b);
}

static bool same_id(const void *a, const void *b, size_t size)
{
	const struct ike_id_cfg *x = a;
	const struct ike_id_cfg *y = b;

	return x->type == y->type && bytes_equal(bytes_make(x->value, x->len), bytes_make(y->value, y->len));
}

static bool same_secret(const void *a, const void *b, size_t size)
{
	return secret_equal(secret_view(a), secret_view(b));
}

static bool same_ppk(const void *a, const void *b, size_t size)
{
	return ike_ppk_same(a, b);
}

static bool same_certs(const void *a, const void *b, size_t size)
{
	return ike_certs_same(a, b);
}

static bool same_proposal(const struct ike_proposal_cfg *a, const struct ike_proposal_cfg *b)
{
	if (a->num != b->num)
		return false;
	for (int i = 0; i < a->num; i++)
		if (a->transforms[i].type != b->transforms[i].type ||
		    a->transforms[i].id != b->transforms[i].id ||
		    a->transforms[i].key_bits != b->transforms[i].key_bits)
			return false;
	return true;
}

/* Whole lists: these two take the struct that holds the count and the array. */
static bool same_ike_proposals(const void *a, const void *b, size_t size)
{
	const struct ike_conn_cfg *x = a;
	const struct ike_conn_cfg *y = b;

	if (x->num_ike != y->num_ike)
		return false;
	for (int i = 0; i < x->num_ike; i++)
		if (!same_proposal(&x->ike[i], &y->ike[i]))
			return false;
	return true;
}

static bool same_esp_proposals(const void *a, const void *b, size_t size)
{
	const struct ike_conn_cfg *x = a;
	const struct ike_conn_cfg *y = b;

	if (x->num_esp != y->num_esp)
		return false;
	for (int i = 0; i < x->num_esp; i++)
		if (!same_proposal(&x->esp[i], &y->esp[i]))
			return false;
	return true;
}

bool tunnel_ts_same(const struct ts_list *x, const struct ts_list *y)
{
	if (x->n != y->n)
		return false;
	for (int i = 0; i < x->n; i++)
		if (!ipaddr_equal(&x->ts[i].start, &y->ts[i].start) ||
		    !ipaddr_equal(&x->ts[i].end, &y->ts[i].end) || x->ts[i].proto != y->ts[i].proto ||
		    x->ts[i].port_start != y->ts[i].port_start || x->ts[i].port_end != y->ts[i].port_end)
			return false;
	return true;
}

static bool same_selectors(const void *a, const void *b, size_t size)
{
	return tunnel_ts_same(a, b);
}

bool tunnel_inside_same(const struct prefix *a, uint8_t num_a, const struct prefix *b, uint8_t num_b)
{
	if (num_a != num_b)
		return false;
	/* Not prefix_same(), which does not look at the host's bits. */
	for (int i = 0; i < num_a; i++)
		if (a[i].family != b[i].family || a[i].prefixlen != b[i].prefixlen ||
		    memcmp(&a[i].u, &b[i].u, prefix_blen(&a[i])) != 0)
			return false;
	return true;
}

static bool same_inside(const void *a, const void *b, size_t size)
{
	const struct tunnel_cfg *x = a;
	const struct tunnel_cfg *y = b;

	return tunnel_inside_same(x->inside, x->num_inside, y->inside, y->num_inside);
}

/* The ends of the device follow the tunnel's addresses, and are compared with them. */
static bool same_nature(const void *a, const void *b, size_t size)
{
	return dplane_nature_same(a, b);
}

static bool same_half(const struct child_sa_half *a, const struct child_sa_half *b)
{
	return a->spi == b->spi && secret_equal(secret_view(&a->encr_key), secret_view(&b->encr_key)) &&
	       secret_equal(secret_view(&a->integ_key), secret_view(&b->integ_key));
}

static bool same_sa(const void *a, const void *b, size_t size)
{
	const struct child_sa_params *x = a;
	const struct child_sa_params *y = b;

	return x->udp_encap == y->udp_encap && x->encr == y->encr && x->encr_key_bits == y->encr_key_bits &&
	       x->integ == y->integ && same_half(&x->in, &y->in) && same_half(&x->out, &y->out);
}

struct field {
	size_t offset;
	size_t size;
	same_fn *same;
	enum tunnel_change change;
};

#define FIELD(type, name, fn, change)                                                                        \
	{                                                                                                    \
		offsetof(type, name), sizeof(((type *)NULL)->name), fn, TUNNEL_CHANGE_##change               \
	}
#define WHOLE(type, fn, change)                                                                              \
	{                                                                                                    \
		0, sizeof(type), fn, TUNNEL_CHANGE_##change                                                  \
	}

static const struct field tunnel_fields[] = {
	FIELD(struct tunnel_cfg, description, same_text, APPLY),
	FIELD(struct tunnel_cfg, profile, same_text, APPLY),
	FIELD(struct tunnel_cfg, shutdown, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, interface, same_text, RESTART),
	FIELD(struct tunnel_cfg, nature, same_nature, RESTART),
	FIELD(struct tunnel_cfg, vrf, same_text, APPLY),
	FIELD(struct tunnel_cfg, manual, same_bytes, RESTART),
	FIELD(struct tunnel_cfg, manual_sa, same_sa, RESTART),
	WHOLE(struct tunnel_cfg, same_inside, APPLY),
	FIELD(struct tunnel_cfg, initiate, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, mtu, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, tcp_mss, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, hold_up_ms, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, liveness_interval_s, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, liveness_detect_ms, same_bytes, APPLY),
	FIELD(struct tunnel_cfg, replay_window, same_bytes, APPLY), /* of the next Child SA */
};

static const struct field ike_fields[] = {
	FIELD(struct ike_conn_cfg, local, same_addr, RESTART),
	FIELD(struct ike_conn_cfg, remote, same_addr, RESTART),
	FIELD(struct ike_conn_cfg, local_id, same_id, RESTART),
	FIELD(struct ike_conn_cfg, remote_id, same_id, RESTART),
	FIELD(struct ike_conn_cfg, psk, same_secret, RESTART),
	FIELD(struct ike_conn_cfg, ppk, same_ppk, RESTART),
	WHOLE(struct ike_conn_cfg, same_certs, RESTART),
	FIELD(struct ike_conn_cfg, rsa_pkcs1, same_bytes, RESTART),
	WHOLE(struct ike_conn_cfg, same_ike_proposals, RESTART),
	WHOLE(struct ike_conn_cfg, same_esp_proposals, RESTART),
	FIELD(struct ike_conn_cfg, ts_local, same_selectors, RESTART),
	FIELD(struct ike_conn_cfg, ts_remote, same_selectors, RESTART),
	FIELD(struct ike_conn_cfg, transport, same_bytes, RESTART),
	FIELD(struct ike_conn_cfg, hosts_proto, same_bytes, RESTART),
	FIELD(struct ike_conn_cfg, many, same_bytes, RESTART),
	FIELD(struct ike_conn_cfg, ike_lifetime_s, same_bytes, APPLY), /* of the next IKE SA */
	FIELD(struct ike_conn_cfg, esp_lifetime_s, same_bytes, APPLY), /* of the next Child SA */
	FIELD(struct ike_conn_cfg, fragmentation, same_bytes, APPLY),  /* of the next IKE SA */
	FIELD(struct ike_conn_cfg, esp_bytes, same_bytes, APPLY),
	FIELD(struct ike_conn_cfg, esp_packets, same_bytes, APPLY),
	FIELD(struct ike_conn_cfg, mobike, same_bytes, RESTART),
	FIELD(struct ike_conn_cfg, nat_force, same_bytes, RESTART),
};

static enum tunnel_change compare(const struct field *fields, size_t n, const void *old, const void *new)
{
	enum tunnel_change most = TUNNEL_CHANGE_NONE;

	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];

		if (!f->same((const char *)old + f->offset, (const char *)new + f->offset, f->size))
			most = MAX(most, f->change);
	}
	return most;
}

enum tunnel_change tunnel_cfg_compare(const struct tunnel_cfg *old, const struct tunnel_cfg *new)
{
	enum tunnel_change tunnel = compare(tunnel_fields, array_size(tunnel_fields), old, new);
	enum tunnel_change ike = compare(ike_fields, array_size(ike_fields), old->ike, new->ike);

	return MAX(tunnel, ike);
}
