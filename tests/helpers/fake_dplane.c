// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plane that only remembers, see fake_dplane.h. Broken rules of dplane.h (unknown handle, child twice)
 * are asserted.
 */
#include <zebra.h>

#include "tests/helpers/fake_dplane.h"

static struct fake_dplane *fake_of(struct dplane *dp)
{
	return container_of(dp, struct fake_dplane, dp);
}

static struct fake_link *link_by_handle(struct dplane *dp, uint32_t handle)
{
	struct fake_dplane *fake = fake_of(dp);

	assert(handle);
	for (int i = 0; i < FAKE_LINKS; i++)
		if (fake->links[i].handle == handle)
			return &fake->links[i];
	assert(!"a link that the plane never gave, or took back");
}

static int refuse(struct dplane *dp, int rc, const char *what)
{
	if (rc < 0)
		snprintf(dp->error, sizeof(dp->error), "fake plane refuses %s", what);
	return rc;
}

static int fake_open(struct dplane *dp)
{
	return 0;
}

static int fake_open_again(struct dplane *dp)
{
	return 0;
}

static void fake_close(struct dplane *dp)
{
}

static const char *fake_kind_missing(struct dplane *dp, enum dplane_kind kind)
{
	return NULL;
}

static int fake_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *link)
{
	struct fake_dplane *fake = fake_of(dp);
	int rc = refuse(dp, fake->refuse_link_add, "the interface");

	if (rc < 0)
		return rc;
	/* Interfaces are shared by links of one nature. */
	if (fake_dplane_link(fake, params->name))
		assert(dplane_nature_same(&fake_dplane_link(fake, params->name)->params.nature,
					  &params->nature));
	for (int i = 0; i < FAKE_LINKS; i++)
		if (!fake->links[i].handle) {
			*link = ++fake->last_handle;
			fake->links[i] = (struct fake_link){.handle = *link, .params = *params};
			return 0;
		}
	return -ENOSPC;
}

static int fake_link_set(struct dplane *dp, uint32_t link, const struct dplane_link_params *params)
{
	struct fake_dplane *fake = fake_of(dp);
	int rc = refuse(dp, fake->refuse_link_set, "the change");

	if (rc < 0)
		return rc;
	link_by_handle(dp, link)->params = *params;
	fake->link_sets++;
	return 0;
}

static int fake_link_del(struct dplane *dp, uint32_t link)
{
	struct fake_dplane *fake = fake_of(dp);

	for (int i = 0; i < FAKE_CHILDREN; i++)
		assert(!fake->children[i].child_id || fake->children[i].link != link);
	*link_by_handle(dp, link) = (struct fake_link){};
	return 0;
}

static int fake_link_set_running(struct dplane *dp, uint32_t link, bool running)
{
	int rc = refuse(dp, fake_of(dp)->refuse_running, "the link state");

	if (rc < 0)
		return rc;
	link_by_handle(dp, link)->running = running;
	link_by_handle(dp, link)->running_calls++;
	return 0;
}

static int fake_link_repair(struct dplane *dp, uint32_t link, char *changed, size_t len)
{
	struct fake_link *l = link_by_handle(dp, link);
	int rc = refuse(dp, fake_of(dp)->refuse_repair, "the repair");

	l->repairs++;
	changed[0] = '\0';
	if (rc < 0)
		return rc;
	strlcpy(changed, l->changed, len);
	l->changed[0] = '\0';
	return 0;
}

static void fake_links_sweep(struct dplane *dp, const char *netns, const char *pattern,
			     bool (*kept)(const void *arg, const char *name), const void *arg)
{
	struct fake_dplane *plane = fake_of(dp);

	plane->sweeps++;
	strlcpy(plane->swept, pattern, sizeof(plane->swept));
	plane->swept_kept = kept(arg, plane->sweep_asks);
}

static void fake_link_announce(struct dplane *dp, uint32_t link)
{
	link_by_handle(dp, link)->announced++;
}

static uint32_t fake_spi_reserve(struct dplane *dp)
{
	return fake_of(dp)->next_spi++;
}

static void fake_spi_release(struct dplane *dp, uint32_t spi)
{
	fake_of(dp)->last_released = spi;
}

static int fake_child_add(struct dplane *dp, uint32_t link, const struct child_sa_params *params,
			  uint16_t replay_window)
{
	struct fake_dplane *fake = fake_of(dp);
	int rc = refuse(dp, fake->refuse_child_add, "the Child SA");

	if (rc < 0)
		return rc;
	assert(link_by_handle(dp, link) && params->child_id && !fake_dplane_child(fake, params->child_id));
	for (int i = 0; i < FAKE_CHILDREN; i++)
		if (!fake->children[i].child_id) {
			fake->children[i] = (struct fake_child){
				.child_id = params->child_id,
				.link = link,
				.encr = params->encr,
				.integ = params->integ,
				.replay_window = replay_window,
				.spi_in = params->in.spi,
				.udp_encap = params->udp_encap,
				.transport = params->transport,
				.remote = params->remote,
				.ts_remote = params->ts_remote,
			};
			return 0;
		}
	return -ENOSPC;
}

static int fake_child_use(struct dplane *dp, uint32_t child_id)
{
	return fake_dplane_child(fake_of(dp), child_id) ? 0 : -ENOENT;
}

static int fake_child_del(struct dplane *dp, uint32_t child_id)
{
	struct fake_child *child = fake_dplane_child(fake_of(dp), child_id);

	if (!child)
		return -ENOENT;
	*child = (struct fake_child){};
	return 0;
}

static int fake_child_stats(struct dplane *dp, uint32_t child_id, struct dplane_child_stats *stats)
{
	struct fake_child *child = fake_dplane_child(fake_of(dp), child_id);

	if (!child)
		return -ENOENT;
	*stats = child->stats;
	return 0;
}

static int fake_child_move(struct dplane *dp, uint32_t child_id, const struct endpoint *local,
			   const struct endpoint *remote)
{
	return fake_dplane_child(fake_of(dp), child_id) ? 0 : -ENOENT;
}

static int fake_child_keepalive(struct dplane *dp, uint32_t child_id)
{
	struct fake_child *child = fake_dplane_child(fake_of(dp), child_id);

	if (!child)
		return -ENOENT;
	child->keepalives++;
	return 0;
}

static int fake_inside_probe(struct dplane *dp, uint32_t link)
{
	int rc = refuse(dp, fake_of(dp)->refuse_inside, "an inside probe");

	if (rc < 0)
		return rc;
	link_by_handle(dp, link)->probes++;
	link_by_handle(dp, link)->inside.sent++;
	return 0;
}

static int fake_inside_stats(struct dplane *dp, uint32_t link, struct dplane_inside_stats *stats)
{
	*stats = link_by_handle(dp, link)->inside;
	return 0;
}

static int fake_path(struct dplane *dp, const struct ipaddr *local, const struct ipaddr *remote,
		     struct dplane_path *path)
{
	struct fake_dplane *fake = fake_of(dp);

	fake->paths++;
	if (!fake->path.mtu)
		return -ENETUNREACH;
	*path = fake->path;
	return 0;
}

static int fake_ike_send(struct dplane *dp, const struct endpoint *local, const struct endpoint *remote,
			 struct bytes datagram)
{
	fake_of(dp)->sent++;
	return 0;
}

static int fake_fd(struct dplane *dp)
{
	return -1;
}

static bool fake_event_next(struct dplane *dp, struct dplane_event *event)
{
	struct fake_dplane *fake = fake_of(dp);

	if (!fake->num_events)
		return false;
	*event = fake->events[0];
	fake->num_events--;
	memmove(&fake->events[0], &fake->events[1], fake->num_events * sizeof(fake->events[0]));
	return true;
}

static void fake_counters(struct dplane *dp, struct dplane_counters *counters)
{
	*counters = (struct dplane_counters){};
}

static const struct dplane_ops fake_ops = {
	.name = "fake",
	.always_udp = true,
	.cuts_v6 = true,
	.open = fake_open,
	.close = fake_close,
	.open_again = fake_open_again,
	.kind_missing = fake_kind_missing,
	.link_add = fake_link_add,
	.link_set = fake_link_set,
	.link_del = fake_link_del,
	.link_set_running = fake_link_set_running,
	.link_repair = fake_link_repair,
	.link_announce = fake_link_announce,
	.links_sweep = fake_links_sweep,
	.spi_reserve = fake_spi_reserve,
	.spi_release = fake_spi_release,
	.child_add = fake_child_add,
	.child_use = fake_child_use,
	.child_del = fake_child_del,
	.child_stats = fake_child_stats,
	.child_move = fake_child_move,
	.child_keepalive = fake_child_keepalive,
	.inside_probe = fake_inside_probe,
	.inside_stats = fake_inside_stats,
	.path = fake_path,
	.ike_send = fake_ike_send,
	.fd = fake_fd,
	.event_next = fake_event_next,
	.counters = fake_counters,
};

void fake_dplane_init(struct fake_dplane *fake)
{
	*fake = (struct fake_dplane){.dp.ops = &fake_ops, .next_spi = 256};
}

struct fake_link *fake_dplane_link(struct fake_dplane *fake, const char *name)
{
	for (int i = 0; i < FAKE_LINKS; i++)
		if (fake->links[i].handle && strcmp(fake->links[i].params.name, name) == 0)
			return &fake->links[i];
	return NULL;
}

struct fake_child *fake_dplane_child(struct fake_dplane *fake, uint32_t child_id)
{
	for (int i = 0; i < FAKE_CHILDREN; i++)
		if (child_id && fake->children[i].child_id == child_id)
			return &fake->children[i];
	return NULL;
}

uint32_t fake_dplane_num_links(const struct fake_dplane *fake)
{
	uint32_t n = 0;

	for (int i = 0; i < FAKE_LINKS; i++)
		n += fake->links[i].handle != 0;
	return n;
}

uint32_t fake_dplane_num_children(const struct fake_dplane *fake)
{
	uint32_t n = 0;

	for (int i = 0; i < FAKE_CHILDREN; i++)
		n += fake->children[i].child_id != 0;
	return n;
}

void fake_dplane_event(struct fake_dplane *fake, const struct dplane_event *event)
{
	assert(fake->num_events < FAKE_EVENTS);
	fake->events[fake->num_events++] = *event;
}
