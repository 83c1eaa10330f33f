// SPDX-License-Identifier: GPL-2.0-or-later
/* Two engines on one table, see ike_pair.h. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "tests/helpers/ike_pair.h"
#include "bgpvpnd/crypto/crypto.h"

static void pair_random(void *arg, uint8_t *to, size_t n)
{
	struct pair_side *side = arg;

	for (size_t i = 0; i < n; i++) {
		side->seed = side->seed * 6364136223846793005u + 1442695040888963407u;
		to[i] = (uint8_t)(side->seed >> 56);
	}
}

static uint32_t pair_spi_reserve(void *arg)
{
	struct pair_side *side = arg;

	side->spis_out++;
	return side->next_spi++;
}

static void pair_spi_release(void *arg, uint32_t spi)
{
	struct pair_side *side = arg;

	side->spis_out--;
}

static int64_t pair_wall_clock(void *arg)
{
	return PAIR_WALL_CLOCK_S;
}

struct ike_conn_cfg *pair_cfg(const struct pair_side *self, const struct pair_side *peer, const char *ike,
			      const char *esp)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();
	char err[256];

	strlcpy(cfg->name, self->name, sizeof(cfg->name));
	cfg->local = self->addr;
	cfg->remote = peer->addr;
	secret_set(&cfg->psk, bytes_str("a shared secret"));
	cfg->num_ike = cfg->num_esp = 1;
	assert_true(ike_proposal_parse(IKE_PROTO_IKE, ike, &cfg->ike[0], err, sizeof(err)));
	assert_true(ike_proposal_parse(IKE_PROTO_ESP, esp, &cfg->esp[0], err, sizeof(err)));
	return cfg;
}

static void side_init(struct pair *p, struct pair_side *side, const char *name, const char *addr,
		      uint64_t seed)
{
	*side = (struct pair_side){.name = name, .seed = seed, .next_spi = 0x1000 * (uint32_t)(seed + 1)};
	side->host =
		(struct ike_host){side, pair_random, pair_spi_reserve, pair_spi_release, pair_wall_clock};
	assert_int_equal(str2ipaddr(addr, &side->addr), 0);
	side->engine = ike_engine_new(&side->host, p->now);
}

void pair_init(struct pair *p, const char *ike, const char *esp)
{
	struct ike_conn_cfg *cfg;

	assert_int_equal(crypto_init(), 0);
	p->now = (struct instant){USEC_PER_S};
	side_init(p, &p->a, "A", "10.0.0.1", 1);
	side_init(p, &p->b, "B", "10.0.0.2", 2);
	cfg = pair_cfg(&p->a, &p->b, ike, esp);
	ike_conn_set(p->a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	cfg = pair_cfg(&p->b, &p->a, ike, esp);
	ike_conn_set(p->b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void side_fini(struct pair_side *side)
{
	ike_engine_free(side->engine);
	child_sa_params_fini(&side->child);
	assert_int_equal(side->spis_out, 0);
}

void pair_fini(struct pair *p)
{
	side_fini(&p->a);
	side_fini(&p->b);
	crypto_fini();
}

static void take_event(struct pair_side *side, const struct ike_output *out)
{
	switch (out->event) {
	case IKE_EVENT_IKE_UP:
		side->ike_up++;
		break;
	case IKE_EVENT_IKE_DOWN:
		side->ike_down++;
		side->down_reason = out->reason;
		break;
	case IKE_EVENT_CHILD_UP:
		side->child_up++;
		break;
	case IKE_EVENT_CHILD_DOWN:
		side->child_down++;
		break;
	case IKE_EVENT_HEARD:
		side->heard++;
		break;
	}
}

static void take_datagram(struct pair_side *side, const struct ike_output *out)
{
	struct pair_datagram *d = &side->queue[side->queued];

	assert_true(side->queued < array_size(side->queue));
	assert_true(out->datagram.n <= sizeof(d->data));
	d->from = out->local;
	if (IS_IPADDR_NONE(&d->from.addr))
		d->from.addr = side->addr;
	d->to = out->remote;
	d->len = out->datagram.n;
	memcpy(d->data, out->datagram.p, d->len);
	side->queued++;
}

static struct pair_child *plane_find(struct pair_side *side, uint32_t id)
{
	for (unsigned int i = 0; i < PAIR_CHILDREN; i++)
		if (side->plane[i].id == id)
			return &side->plane[i];
	return NULL;
}

static void plane_add(struct pair_side *side, const struct child_sa_params *params)
{
	struct pair_child *room = plane_find(side, 0);

	assert_non_null(room);
	*room = (struct pair_child){params->child_id, params->in.spi, params->out.spi};
	if (!params->receive_only || !side->sender)
		side->sender = params->child_id;
}

static void plane_del(struct pair_side *side, uint32_t id)
{
	struct pair_child *child = plane_find(side, id);

	if (child)
		*child = (struct pair_child){};
	if (side->sender != id)
		return;
	side->sender = 0;
	for (unsigned int i = 0; i < PAIR_CHILDREN; i++)
		side->sender = MAX(side->sender, side->plane[i].id);
}

static void take_child(struct pair *p, struct pair_side *side, const struct ike_output *out)
{
	child_sa_params_fini(&side->child);
	child_sa_params_copy(&side->child, out->child);
	side->spis_out--;
	if (!side->refuse_child) {
		side->added++;
		side->children++;
		plane_add(side, out->child);
	}
	ike_child_result(side->engine, out->child_id, -side->refuse_child, p->now);
}

/* Who looks between two outputs, as the link rule does, must always find a usable child. */
static void look(struct pair_side *side)
{
	struct ike_conn_info info;
	bool usable = ike_conn_info(side->engine, PAIR_CONN, &info) && info.child_id;

	if (side->usable && !usable && side->children)
		side->blinks++;
	side->usable = usable;
}

void pair_drain(struct pair *p, struct pair_side *side)
{
	struct ike_output out;

	while (ike_engine_output(side->engine, &out)) {
		switch (out.type) {
		case IKE_OUTPUT_DATAGRAM:
			take_datagram(side, &out);
			break;
		case IKE_OUTPUT_SPAWN:
			side->spawned++;
			side->spawned_conn = out.conn;
			break;
		case IKE_OUTPUT_CHILD_ADD:
			take_child(p, side, &out);
			break;
		case IKE_OUTPUT_CHILD_USE:
			side->used++;
			side->sender = out.child_id;
			break;
		case IKE_OUTPUT_CHILD_MOVE:
			side->moved++;
			side->moved_to = out.remote;
			side->moved_from = out.local;
			break;
		case IKE_OUTPUT_CHILD_DELETE:
			plane_del(side, out.child_id);
			if (!side->refuse_child)
				side->children--;
			break;
		case IKE_OUTPUT_EVENT:
			take_event(side, &out);
			break;
		}
		look(side);
		if (side->watch)
			side->watch(side, &out);
	}
}

bool pair_take(struct pair_side *side, struct pair_datagram *out)
{
	if (!side->queued)
		return false;
	*out = side->queue[0];
	memmove(side->queue, side->queue + 1, --side->queued * sizeof(side->queue[0]));
	return true;
}

void pair_give(struct pair *p, struct pair_side *side, const struct pair_datagram *d)
{
	ike_engine_input(side->engine, &d->to, &d->from, bytes_make(d->data, d->len), p->now);
	pair_drain(p, side);
}

void pair_run(struct pair *p)
{
	struct pair_datagram d;
	bool any;

	do {
		any = false;
		if (pair_take(&p->a, &d)) {
			pair_give(p, &p->b, &d);
			any = true;
		}
		if (pair_take(&p->b, &d)) {
			pair_give(p, &p->a, &d);
			any = true;
		}
	} while (any);
}

void pair_sleep(struct pair *p, int64_t us, bool deliver)
{
	struct instant end = instant_add(p->now, us);

	while (instant_before(p->now, end)) {
		struct instant a = ike_engine_next_expiry(p->a.engine);
		struct instant b = ike_engine_next_expiry(p->b.engine);

		p->now = instant_min(end, instant_min(a, b));
		ike_engine_expire(p->a.engine, p->now);
		pair_drain(p, &p->a);
		ike_engine_expire(p->b.engine, p->now);
		pair_drain(p, &p->b);
		if (deliver)
			pair_run(p);
	}
}

void pair_initiate(struct pair *p, struct pair_side *side)
{
	assert_true(ike_initiate(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
}

struct ike_conn_info pair_info(const struct pair_side *side)
{
	struct ike_conn_info info;

	assert_true(ike_conn_info(side->engine, PAIR_CONN, &info));
	return info;
}

static void assert_half_equal(const struct child_sa_half *out, const struct child_sa_half *in)
{
	assert_int_equal(out->spi, in->spi);
	assert_true(secret_equal(secret_view(&out->encr_key), secret_view(&in->encr_key)));
	assert_true(secret_equal(secret_view(&out->integ_key), secret_view(&in->integ_key)));
}

static void assert_heard_by(const struct pair_side *from, const struct pair_side *to)
{
	uint32_t spi = 0;

	for (unsigned int i = 0; i < PAIR_CHILDREN; i++)
		if (from->sender && from->plane[i].id == from->sender)
			spi = from->plane[i].spi_out;
	for (unsigned int i = 0; i < PAIR_CHILDREN; i++)
		if (to->plane[i].id && to->plane[i].spi_in == spi)
			return;
	fail_msg("%s sends with SPI %08x, which the other one does not have", from->name, spi);
}

void pair_assert_heard(const struct pair *p)
{
	assert_heard_by(&p->a, &p->b);
	assert_heard_by(&p->b, &p->a);
}

void pair_assert_up(const struct pair *p)
{
	struct ike_conn_info a = pair_info(&p->a);
	struct ike_conn_info b = pair_info(&p->b);

	assert_int_equal(a.phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(b.phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(p->a.children, 1);
	assert_int_equal(p->b.children, 1);
	assert_int_not_equal(a.child_id, 0);
	assert_int_equal(a.child_spi_in, b.child_spi_out);
	assert_int_equal(a.child_spi_out, b.child_spi_in);
	assert_half_equal(&p->a.child.out, &p->b.child.in);
	assert_half_equal(&p->b.child.out, &p->a.child.in);
}

struct ike_hdr pair_header(const struct pair_datagram *datagram)
{
	struct ike_hdr hdr;

	assert_int_equal(ike_hdr_decode(bytes_make(datagram->data, datagram->len), &hdr), IKE_R_OK);
	return hdr;
}

struct pair_datagram pair_taken(struct pair_side *side, uint8_t exchange, bool response)
{
	struct pair_datagram datagram;

	assert_true(pair_take(side, &datagram));
	assert_int_equal(pair_header(&datagram).exchange, exchange);
	assert_int_equal(!!(pair_header(&datagram).flags & IKE_FLAG_RESPONSE), response);
	return datagram;
}

uint64_t pair_counted(const struct pair_side *side, enum ike_reason reason)
{
	struct ike_counters counters;

	ike_engine_counters(side->engine, &counters);
	return counters.reasons[reason];
}

void pair_settled(struct pair *p)
{
	pair_run(p);
	pair_sleep(p, 60 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p->a).spi_i, pair_info(&p->b).spi_i);
	assert_int_equal(pair_info(&p->a).spi_r, pair_info(&p->b).spi_r);
	assert_int_equal(p->a.children, 1);
	assert_int_equal(p->b.children, 1);
	assert_int_equal(pair_info(&p->a).child_spi_in, pair_info(&p->b).child_spi_out);
	assert_int_equal(pair_info(&p->a).child_spi_out, pair_info(&p->b).child_spi_in);
	assert_int_equal(p->a.ike_down + p->b.ike_down, 0);
	assert_int_equal(p->a.child_down + p->b.child_down, 0);
	assert_int_equal(p->a.blinks + p->b.blinks, 0);
}
