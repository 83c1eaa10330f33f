// SPDX-License-Identifier: GPL-2.0-or-later
/* The data plane of a simulated end, see sim_plane.h. */
#include <zebra.h>

#include "lib/jhash.h"

#include "tests/sim/sim_plane.h"
#include "tests/sim/sim_run.h"

#define PACKET_LEN 100

enum packet_kind { PACKET_DATA, PACKET_ECHO, PACKET_ANSWER };

struct packet {
	uint32_t spi;
	uint32_t seq;
	uint32_t kind;
	uint32_t icv;
};

static struct sim_plane *plane_of(struct dplane *dp)
{
	return container_of(dp, struct sim_plane, fake.dp);
}

/*
 * --- SPIs
 * ------------------------------------------------------------------------------------------------
 */

static uint32_t plane_spi_reserve(struct dplane *dp)
{
	struct sim_plane *plane = plane_of(dp);

	if (plane->refuse_spis) {
		plane->refuse_spis--;
		return 0;
	}
	if (plane->next_spi == SIM_SPIS)
		sim_fail("%s: the engine reserves SPIs without end", plane->name);
	plane->spis[plane->next_spi] = SIM_SPI_RESERVED;
	return plane->spi_base + plane->next_spi++;
}

static enum sim_spi_state *spi_state(struct sim_plane *plane, uint32_t spi)
{
	if (spi < plane->spi_base || spi - plane->spi_base >= plane->next_spi)
		sim_fail("%s: SPI %08x was never given out", plane->name, spi);
	return &plane->spis[spi - plane->spi_base];
}

static void plane_spi_release(struct dplane *dp, uint32_t spi)
{
	struct sim_plane *plane = plane_of(dp);
	enum sim_spi_state *state = spi_state(plane, spi);

	if (*state != SIM_SPI_RESERVED)
		sim_fail("%s: SPI %08x is released but not reserved", plane->name, spi);
	*state = SIM_SPI_FREE;
}

void sim_plane_check_released(const struct sim_plane *plane)
{
	for (unsigned int i = 0; i < plane->next_spi; i++)
		if (plane->spis[i] == SIM_SPI_RESERVED)
			sim_fail("%s: the engine is gone and SPI %08x is still reserved", plane->name,
				 plane->spi_base + i);
}

/*
 * --- Child SAs
 * ------------------------------------------------------------------------------------------------
 */

struct sim_child *sim_plane_child(struct sim_plane *plane, uint32_t id)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (plane->children[i].installed && plane->children[i].params.child_id == id)
			return &plane->children[i];
	return NULL;
}

unsigned int sim_plane_num_children(const struct sim_plane *plane)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		n += plane->children[i].installed;
	return n;
}

static struct sim_child *child_room(struct sim_plane *plane)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (!plane->children[i].installed)
			return &plane->children[i];
	sim_fail("%s: more than %d Child SAs at a time", plane->name, SIM_CHILDREN);
}

static void check_new_child(struct sim_plane *plane, const struct child_sa_params *params)
{
	if (params->child_id == 0 || sim_plane_child(plane, params->child_id))
		sim_fail("%s: CHILD_ADD %u: the number is in use", plane->name, params->child_id);
	if (*spi_state(plane, params->in.spi) != SIM_SPI_RESERVED)
		sim_fail("%s: CHILD_ADD with inbound SPI %08x that is not reserved", plane->name,
			 params->in.spi);
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (plane->children[i].installed && plane->children[i].params.out.spi == params->out.spi)
			sim_fail("%s: outbound SPI %08x is installed twice", plane->name, params->out.spi);
	if (params->in.encr_key.len == 0 || params->in.encr_key.len != params->out.encr_key.len ||
	    secret_equal(secret_view(&params->in.encr_key), secret_view(&params->out.encr_key)))
		sim_fail("%s: keys of CHILD_ADD make no sense", plane->name);
}

static int plane_child_add(struct dplane *dp, uint32_t link, const struct child_sa_params *params,
			   uint16_t replay_window)
{
	struct sim_plane *plane = plane_of(dp);
	struct sim_child *child = child_room(plane);

	check_new_child(plane, params);
	if (plane->refuse_adds) {
		plane->refuse_adds--;
		return -ENOMEM;
	}
	*child = (struct sim_child){.installed = true};
	child_sa_params_copy(&child->params, params);
	esp_replay_init(&child->replay, replay_window);
	*spi_state(plane, params->in.spi) = SIM_SPI_PLANE;
	if (!params->receive_only || !sim_plane_child(plane, plane->sender))
		plane->sender = params->child_id;
	return 0;
}

static int plane_child_use(struct dplane *dp, uint32_t id)
{
	struct sim_plane *plane = plane_of(dp);

	if (!sim_plane_child(plane, id))
		sim_fail("%s: CHILD_USE %u: there is none", plane->name, id);
	plane->sender = id;
	return 0;
}

static void forget(struct sim_child *child)
{
	child_sa_params_fini(&child->params);
	*child = (struct sim_child){};
}

/* The last of the rest sends; numbers grow. */
static uint32_t last_child(const struct sim_plane *plane)
{
	uint32_t last = 0;

	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (plane->children[i].installed)
			last = MAX(last, plane->children[i].params.child_id);
	return last;
}

static int plane_child_del(struct dplane *dp, uint32_t id)
{
	struct sim_plane *plane = plane_of(dp);
	struct sim_child *child = sim_plane_child(plane, id);

	if (!child)
		sim_fail("%s: CHILD_DELETE %u: there is none", plane->name, id);
	forget(child);
	if (plane->sender == id)
		plane->sender = last_child(plane);
	return 0;
}

static int plane_child_stats(struct dplane *dp, uint32_t id, struct dplane_child_stats *stats)
{
	const struct sim_child *child = sim_plane_child(plane_of(dp), id);

	if (!child)
		return -ENOENT;
	*stats = child->stats;
	return 0;
}

static int plane_child_move(struct dplane *dp, uint32_t id, const struct endpoint *local,
			    const struct endpoint *remote)
{
	struct sim_plane *plane = plane_of(dp);
	struct sim_child *child = sim_plane_child(plane, id);

	if (!child)
		sim_fail("%s: CHILD_MOVE %u: there is none", plane->name, id);
	child->params.local = *local;
	child->params.remote = *remote;
	return 0;
}

static int plane_child_keepalive(struct dplane *dp, uint32_t id)
{
	return sim_plane_child(plane_of(dp), id) ? 0 : -ENOENT;
}

/*
 * --- ESP out
 * ------------------------------------------------------------------------------------------------
 */

static uint32_t icv_of(const struct packet *packet, const struct secret *key)
{
	return jhash(key->key, key->len, jhash_3words(packet->spi, packet->seq, packet->kind, 0xe5b));
}

/* Each direction wears for itself; told once at each level. True: it carries no more. */
static bool worn_out(struct sim_plane *plane, struct sim_child *child, uint64_t packets, uint64_t bytes)
{
	enum child_sa_wear wear = child_sa_wear(&child->params.limits, packets, bytes);

	if (wear > child->wear && plane->fake.num_events < FAKE_EVENTS) {
		child->wear = wear;
		fake_dplane_event(&plane->fake,
				  &(struct dplane_event){.type = wear == CHILD_SA_WORN
									 ? DPLANE_EVENT_SOFT_EXPIRE
									 : DPLANE_EVENT_HARD_EXPIRE,
							 .child_id = child->params.child_id});
	}
	return wear == CHILD_SA_SPENT;
}

static void send_packet(struct sim_plane *plane, enum packet_kind kind)
{
	struct sim_child *child = sim_plane_child(plane, plane->sender);
	struct endpoint src = {.addr = *sim_net_addr(plane->net, plane->node), .port = SIM_ESP_PORT};
	struct packet packet = {.kind = kind};
	struct endpoint dst;

	if (!child || worn_out(plane, child, child->stats.packets_out, child->stats.bytes_out))
		return;
	dst = child->params.remote;
	dst.port = dst.port >= SIM_NAT_PORTS ? SIM_NAT_PORTS + SIM_ESP_PORT : SIM_ESP_PORT;
	packet.spi = child->params.out.spi;
	packet.seq = (uint32_t)++child->stats.packets_out;
	packet.icv = icv_of(&packet, &child->params.out.encr_key);
	child->stats.bytes_out += PACKET_LEN;
	child->stats.last_out = sim_net_now(plane->net);
	plane->esp_out++;
	sim_net_send(plane->net, plane->node, &src, &dst, bytes_make(&packet, sizeof(packet)));
}

static int plane_inside_probe(struct dplane *dp, uint32_t link)
{
	struct sim_plane *plane = plane_of(dp);
	struct dplane_inside_stats *inside = &fake_dplane_link(&plane->fake, SIM_LINK)->inside;

	inside->sent++;
	inside->last_sent = sim_net_now(plane->net);
	send_packet(plane, PACKET_ECHO);
	return 0;
}

struct instant sim_plane_next(const struct sim_plane *plane)
{
	return plane->next_packet;
}

void sim_plane_tick(struct sim_plane *plane)
{
	struct instant now = sim_net_now(plane->net);

	if (!instant_reached(plane->next_packet, now))
		return;
	plane->next_packet = instant_add(now, plane->traffic_us);
	send_packet(plane, PACKET_DATA);
}

/*
 * --- ESP in
 * ------------------------------------------------------------------------------------------------
 */

static struct sim_child *child_of_spi(struct sim_plane *plane, uint32_t spi)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (plane->children[i].installed && plane->children[i].params.in.spi == spi)
			return &plane->children[i];
	return NULL;
}

static void take(struct sim_plane *plane, const struct packet *packet)
{
	struct fake_link *link = fake_dplane_link(&plane->fake, SIM_LINK);

	if (packet->kind == PACKET_ECHO) {
		send_packet(plane, PACKET_ANSWER);
	} else if (packet->kind == PACKET_ANSWER && link) {
		link->inside.answered++;
		link->inside.last_answered = sim_net_now(plane->net);
	}
}

void sim_plane_receive(struct sim_plane *plane, struct bytes datagram)
{
	struct sim_child *child;
	struct packet packet;

	if (datagram.n != sizeof(packet))
		sim_fail("%s: an IKE message at the port of ESP", plane->name);
	memcpy(&packet, datagram.p, sizeof(packet));
	child = child_of_spi(plane, packet.spi);
	if (!child) {
		plane->esp_lost++;
		return;
	}
	if (!esp_replay_check(&child->replay, packet.seq))
		return;
	if (packet.icv != icv_of(&packet, &child->params.in.encr_key)) {
		child->stats.integrity_failures++;
		return;
	}
	esp_replay_advance(&child->replay, packet.seq);
	if (worn_out(plane, child, child->stats.packets_in, child->stats.bytes_in))
		return;
	child->stats.packets_in++;
	child->stats.bytes_in += PACKET_LEN;
	child->stats.last_in = plane->last_in = sim_net_now(plane->net);
	plane->esp_in++;
	take(plane, &packet);
}

/*
 * --- life
 * ------------------------------------------------------------------------------------------------
 */

void sim_plane_traffic(struct sim_plane *plane, int64_t every_us)
{
	plane->traffic_us = every_us;
	plane->next_packet = every_us ? instant_add(sim_net_now(plane->net), every_us) : INSTANT_NEVER;
}

bool sim_plane_running(struct sim_plane *plane)
{
	const struct fake_link *link = fake_dplane_link(&plane->fake, SIM_LINK);

	return link && link->running;
}

void sim_plane_restart(struct sim_plane *plane)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (plane->children[i].installed)
			forget(&plane->children[i]);
	fake_dplane_init(&plane->fake);
	plane->ops = *plane->fake.dp.ops;
	plane->ops.spi_reserve = plane_spi_reserve;
	plane->ops.spi_release = plane_spi_release;
	plane->ops.child_add = plane_child_add;
	plane->ops.child_use = plane_child_use;
	plane->ops.child_del = plane_child_del;
	plane->ops.child_stats = plane_child_stats;
	plane->ops.child_move = plane_child_move;
	plane->ops.child_keepalive = plane_child_keepalive;
	plane->ops.inside_probe = plane_inside_probe;
	plane->fake.dp.ops = &plane->ops;
	plane->sender = 0;
	sim_plane_traffic(plane, plane->traffic_us);
}

void sim_plane_init(struct sim_plane *plane, const char *name, struct sim_net *net, unsigned int node,
		    uint32_t spi_base)
{
	*plane = (struct sim_plane){.name = name, .net = net, .node = node, .spi_base = spi_base};
	sim_plane_restart(plane);
}
