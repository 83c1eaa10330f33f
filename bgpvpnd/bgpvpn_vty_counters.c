// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show vpn counters ...`, `show vpn dataplane`. Their text is made from their JSON, so that the two cannot differ; but for what the
 * kernel's IPsec dropped, which has words.
 */
#include <zebra.h>

#include "lib/command.h"
#include "lib/json.h"
#include "lib/vty.h"

#include "bgpvpnd/bgpvpn_show.h"
#include "bgpvpnd/bgpvpnd.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_vty_counters_clippy.c"
#endif

#define VPN_STR	     "Site-to-site tunnels\n"
#define COUNTERS_STR "What was received and sent and for which reason refused\n"

#define SCREEN_COLUMNS 100

/* --- text ------------------------------------------------------------------------------------------------ */

void bgpvpn_out_wrapped(struct vty *vty, const char *head, const char *words)
{
	int column = strlen(head), indent = 4;

	vty_out(vty, "%s", head);
	while (*words) {
		int n = strcspn(words, " ");

		if (column + 1 + n > SCREEN_COLUMNS && column > indent) {
			vty_out(vty, "\n%*s", indent - 1, "");
			column = indent - 1;
		}
		vty_out(vty, " %.*s", n, words);
		column += 1 + n;
		words += n + strspn(words + n, " ");
	}
	vty_out(vty, "\n");
}

/* Name, its value, one below the other; objects inside are indented. */
static void out_json_as_text(struct vty *vty, struct json_object *json, int indent)
{
	struct json_object_iterator it, end;

	JSON_FOREACH(json, it, end)
	{
		struct json_object *value = json_object_iter_peek_value(&it);
		const char *name = json_object_iter_peek_name(&it);

		if (json_object_is_type(value, json_type_object)) {
			vty_out(vty, "%*s%s:\n", indent, "", name);
			out_json_as_text(vty, value, indent + 2);
		} else {
			vty_out(vty, "%*s%-*s %s\n", indent, "", 28 - indent, name,
				value ? json_object_get_string(value) : "-");
		}
	}
}

static int out_object(struct vty *vty, struct json_object *json, bool as_json)
{
	if (as_json)
		return vty_json(vty, json);
	out_json_as_text(vty, json, 0);
	json_object_free(json);
	return CMD_SUCCESS;
}

/* --- the kernel ------------------------------------------------------------------------------------------ */

/* What it had counted when we started. */
static struct dplane_kernel_counters at_start;

static uint64_t since_start(const struct dplane_kernel_counter *now)
{
	for (unsigned int i = 0; i < at_start.n; i++)
		if (strcmp(at_start.counter[i].name, now->name) == 0)
			return now->value - at_start.counter[i].value;
	return now->value;
}

static struct json_object *json_kernel(void)
{
	struct json_object *json;
	struct dplane_kernel_counters now;

	if (!dplane_kernel_counters(&now))
		return NULL;
	json = json_object_new_object();
	for (unsigned int i = 0; i < now.n; i++) {
		const struct dplane_kernel_counter *c = &now.counter[i];
		const char *words = dplane_kernel_counter_words(c->name);
		struct json_object *one = json_object_new_object();

		json_object_int_add(one, "value", c->value);
		json_object_int_add(one, "sinceStart", since_start(c));
		json_object_object_add(one, "words", words ? json_object_new_string(words) : NULL);
		json_object_object_add(json, c->name, one);
	}
	return json;
}

static void out_kernel_counter(struct vty *vty, const struct dplane_kernel_counter *c)
{
	const char *words = dplane_kernel_counter_words(c->name);

	vty_out(vty, "  %-24s %-12" PRIu64 " %" PRIu64 "\n", c->name, since_start(c), c->value);
	if (words)
		bgpvpn_out_wrapped(vty, "   ", words);
}

/* Without `all`: those that are not 0. */
static void out_kernel(struct vty *vty, bool all)
{
	struct dplane_kernel_counters now;
	unsigned int shown = 0;

	if (!dplane_kernel_counters(&now)) {
		vty_out(vty,
			"kernel: this kernel does not count what its IPsec drops (CONFIG_XFRM_STATISTICS)\n");
		return;
	}
	vty_out(vty, "kernel: packets that its IPsec dropped, since bgpvpnd started and in all\n");
	if (bgpvpn.dplane && !bgpvpn.dplane_kernel)
		vty_out(vty, "  (of others: tunnels of the user-space data plane do not use it)\n");
	for (unsigned int i = 0; i < now.n; i++)
		if (all || now.counter[i].value) {
			out_kernel_counter(vty, &now.counter[i]);
			shown++;
		}
	if (!shown)
		vty_out(vty, "  none\n");
}

/* --- commands -------------------------------------------------------------------------------------------- */

DEFPY(show_vpn_counters, show_vpn_counters_cmd,
      "show vpn counters [json$json]",
      SHOW_STR
      VPN_STR
      COUNTERS_STR
      JSON_STR)
{
	struct json_object *counters = bgpvpn_json_counters();

	if (json)
		json_object_object_add(counters, "kernel", json_kernel());
	out_object(vty, counters, !!json);
	if (!json)
		out_kernel(vty, false);
	return CMD_SUCCESS;
}

DEFPY(show_vpn_counters_kernel, show_vpn_counters_kernel_cmd,
      "show vpn counters kernel [json$json]",
      SHOW_STR
      VPN_STR
      COUNTERS_STR
      "All that the kernel's IPsec counts, and what it means\n"
      JSON_STR)
{
	struct json_object *counters;

	if (!json) {
		out_kernel(vty, true);
		return CMD_SUCCESS;
	}
	counters = json_object_new_object();
	json_object_object_add(counters, "kernel", json_kernel());
	return vty_json(vty, counters);
}

DEFPY(show_vpn_dataplane, show_vpn_dataplane_cmd,
      "show vpn dataplane [json$json]",
      SHOW_STR
      VPN_STR
      "The data plane and what it dropped\n"
      JSON_STR)
{
	return out_object(vty, bgpvpn_json_dataplane(), !!json);
}

void bgpvpn_vty_counters_init(void)
{
	dplane_kernel_counters(&at_start);
	install_element(VIEW_NODE, &show_vpn_counters_cmd);
	install_element(VIEW_NODE, &show_vpn_counters_kernel_cmd);
	install_element(VIEW_NODE, &show_vpn_dataplane_cmd);
}
