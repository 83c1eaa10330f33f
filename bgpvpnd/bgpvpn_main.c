// SPDX-License-Identifier: GPL-2.0-or-later
/* The process: options, privileges, signals, and the order in which FRR's parts and ours begin and end. */
#include <zebra.h>

#include <linux/capability.h>
#include <sys/syscall.h>

#include "lib/command.h"
#include "lib/filter.h"
#include "lib/hook.h"
#include "lib/if.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/privs.h"
#include "lib/sigevent.h"
#include "lib/thread.h"
#include "lib/version.h"
#include "lib/vrf.h"

#include "bgpvpnd/bgpvpn_debug.h"
#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_show.h"
#include "bgpvpnd/bgpvpn_zebra.h"
#include "bgpvpnd/bgpvpnd.h"

/* Behind FRR's own daemons, which use 2601 to 2621. */
#define BGPVPN_VTY_PORT 2650

/* --- privileges ------------------------------------------------------------------------------------------ */

static const struct {
	zebra_capabilities_t zcap;
	int cap;
	const char *name;
	const char *without; /* NULL: who needs it says so himself */
} wanted[] = {
	{ZCAP_NET_ADMIN, CAP_NET_ADMIN, "CAP_NET_ADMIN", "no tunnel interface can be made"},
	{ZCAP_NET_RAW, CAP_NET_RAW, "CAP_NET_RAW", "ESP without UDP cannot be received"},
	{ZCAP_BIND, CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", "UDP port 500 cannot be bound"},
	{ZCAP_SYS_ADMIN, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", NULL}, /* to enter network namespaces */
};

static zebra_capabilities_t caps[array_size(wanted)];
static bool missing[array_size(wanted)];

static struct zebra_privs_t privs = {
#if defined(FRR_USER) && defined(FRR_GROUP)
	.user = FRR_USER,
	.group = FRR_GROUP,
#endif
#if defined(VTY_GROUP)
	.vty_group = VTY_GROUP,
#endif
	.caps_p = caps,
};

static bool is_permitted(int cap)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, sets) != 0)
		return true;
	return sets[CAP_TO_INDEX(cap)].permitted & CAP_TO_MASK(cap);
}

/*
 * libfrr ends the process when it cannot keep a capability that it was asked for: ask only for those that
 * we have.
 */
static void choose_capabilities(void)
{
	for (size_t i = 0; i < array_size(wanted); i++) {
		missing[i] = !is_permitted(wanted[i].cap);
		if (!missing[i])
			caps[privs.cap_num_p++] = wanted[i].zcap;
	}
}

static void report_capabilities(void)
{
	for (size_t i = 0; i < array_size(wanted); i++)
		if (missing[i] && wanted[i].without)
			flog_err(EC_BGPVPN_CAPABILITY,
				 "%s is missing: %s; start bgpvpnd as root or give it this capability",
				 wanted[i].name, wanted[i].without);
}

/* --- signals --------------------------------------------------------------------------------------------- */

static struct frr_daemon_info bgpvpnd_di;

static void sighup(void)
{
	zlog_info("SIGHUP received: reading the configuration again");
	vty_read_config(NULL, bgpvpnd_di.config_file, config_default);
}

static void sigterm(void)
{
	zlog_notice("Terminating on signal");
	frr_early_fini();
	bgpvpn_stop(&bgpvpn);
	bgpvpn_nb_fini();
	bgpvpn_zebra_fini(&bgpvpn);
	vrf_terminate();
	frr_fini();
	exit(0);
}

static void sigusr1(void)
{
	zlog_rotate();
}

static struct frr_signal_t signals[] = {
	{.signal = SIGHUP, .handler = sighup},
	{.signal = SIGINT, .handler = sigterm},
	{.signal = SIGTERM, .handler = sigterm},
	{.signal = SIGUSR1, .handler = sigusr1},
};

/* --- daemon ---------------------------------------------------------------------------------------------- */

/* Modules of libfrr belong to it because its own commands use them. */
static const struct frr_yang_module_info *const yang_modules_used[] = {
	&frr_filter_info,
	&frr_interface_info,
	&frr_vrf_info,
	&frr_bgpvpn_info,
};

FRR_DAEMON_INFO(bgpvpnd, BGPVPN, .vty_port = BGPVPN_VTY_PORT,
		.proghelp = "Site-to-site tunnels: IKEv2, ESP, link state.", .signals = signals,
		.n_signals = array_size(signals), .privs = &privs, .yang_modules = yang_modules_used,
		.n_yang_modules = array_size(yang_modules_used), );

#define OPTION_DATAPLANE 2000
#define REPORT_AGAIN_S	 10

static const struct option longopts[] = {
	{"dataplane", required_argument, NULL, OPTION_DATAPLANE},
	{},
};

static void choose_dataplane(const char *word)
{
	for (enum bgpvpn_dplane_choice c = BGPVPN_DPLANE_AUTO; c <= BGPVPN_DPLANE_NONE; c++)
		if (strmatch(word, bgpvpn_dplane_choice_name(c))) {
			bgpvpn.dplane_choice = c;
			return;
		}
	fprintf(stderr, "bgpvpnd: --dataplane %s: it is auto, kernel, userspace or none\n", word);
	frr_help_exit(1);
}

static void parse_options(int argc, char **argv)
{
	int opt;

	frr_opt_add("", longopts, "      --dataplane    Data plane: auto (default), kernel, userspace, none\n");
	while ((opt = frr_getopt(argc, argv, NULL)) != EOF) {
		switch (opt) {
		case 0:
			break;
		case OPTION_DATAPLANE:
			choose_dataplane(optarg);
			break;
		default:
			frr_help_exit(1);
		}
	}
}

static void report(void)
{
	report_capabilities();
	bgpvpn_report_dplane(&bgpvpn);
}

static void report_again(struct thread *t)
{
	report();
}

/* After the fork, as a data plane has a thread; before the configuration, which needs the tunnels. */
static int start(struct thread_master *loop)
{
	bgpvpn_start(&bgpvpn, bgpvpnd_di.dryrun);
	if (bgpvpnd_di.dryrun)
		return 0;
	report();
	/*
	 * The configuration names the log's place, and vtysh brings it a while later: what is said now may
	 * be lost.
	 */
	thread_add_timer(loop, report_again, NULL, REPORT_AGAIN_S, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	choose_capabilities();
	frr_preinit(&bgpvpnd_di, argc, argv);
	parse_options(argc, argv);
	bgpvpn.privs = &privs;
	bgpvpn.loop = frr_init();

	access_list_init();
	vrf_init(NULL, NULL, NULL, NULL);
	bgpvpn_errors_init();
	bgpvpn_debug_init();
	bgpvpn_nb_init();
	bgpvpn_cli_init();
	bgpvpn_vty_init();
	bgpvpn_vty_counters_init();
	bgpvpn_zebra_init(&bgpvpn);

	hook_register(frr_config_pre, start);
	frr_config_fork();
	frr_run(bgpvpn.loop);
	return 0;
}
