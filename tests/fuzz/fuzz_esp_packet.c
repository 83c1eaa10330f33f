// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An inbound ESP packet, with the null cipher so that the input gets behind it; the ICV of zeros is added
 * here. What comes out as an inner packet goes through all that the plane does with one, and must survive
 * being sealed and opened again.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/esp_packet.h"
#include "bgpvpnd/dplane/tun/inner_icmp.h"
#include "bgpvpnd/dplane/tun/inner_mss.h"
#include "tests/fuzz/fuzz.h"

#define PACKET_MAX 4096
#define NULL_ICV   16

static struct esp_pair pair;

static struct ts selector(uint32_t start, uint32_t end, uint8_t proto, uint16_t port_end)
{
	struct in_addr from = {htonl(start)}, to = {htonl(end)};

	return (struct ts){
		.start = ipaddr_of(bytes_make(&from, sizeof(from))),
		.end = ipaddr_of(bytes_make(&to, sizeof(to))),
		.proto = proto,
		.port_end = port_end,
	};
}

/*
 * Loops back: what it sends it receives. IPv6 is free; IPv4 has to pass selectors with protocols and ports.

 */
static void pair_make(void)
{
	struct child_sa_params params = {.encr = IKE_ENCR_NULL, .integ = IKE_INTEG_NONE};

	FUZZ_REQUIRE(crypto_init() == 0);
	crypto_null_enable(true);
	params.in.spi = params.out.spi = 0x1000;
	ts_list_any(&params.ts_local);
	params.ts_local.ts[0] = selector(0x0a000000, 0x0affffff, 0, UINT16_MAX);
	params.ts_local.ts[params.ts_local.n++] = selector(0, UINT32_MAX, IPPROTO_TCP, 1024);
	params.ts_local.ts[params.ts_local.n++] = selector(0, UINT32_MAX, IPPROTO_ICMP, 0x0800);
	params.ts_remote = params.ts_local;
	FUZZ_REQUIRE(esp_pair_init(&pair, &params, 0) == 0);
}

static void inner_use(const struct seg *seg, struct inner_ip *ip)
{
	uint8_t answer[1280];
	struct wr wr = wr_of(answer, sizeof(answer));
	struct inner_echo echo;
	struct inner_ip decoded;

	FUZZ_REQUIRE(ip->len == seg->n);
	inner_mss_clamp(seg->p, ip, 536);
	inner_too_big_encode(&wr, bytes_make(seg->p, seg->n), ip, 1280);
	FUZZ_REQUIRE(!wr.failed && inner_ip_decode(wr_bytes_view(&wr), &decoded));
	FUZZ_REQUIRE(decoded.len == wr.len && bytes_equal(decoded.dst, ip->src));
	if (inner_echo_decode(ip, &echo)) {
		uint8_t reply[PACKET_MAX + 40];

		wr = wr_of(reply, sizeof(reply));
		inner_echo_encode(&wr, ip->dst, ip->src, &echo);
		FUZZ_REQUIRE(!wr.failed && inner_ip_decode(wr_bytes_view(&wr), &decoded));
	}
}

static void seal_and_open(const struct seg *inner)
{
	static uint8_t buf[ESP_HEADROOM + PACKET_MAX + ESP_TAILROOM];
	struct seg_run run = seg_run_one(buf, sizeof(buf), ESP_HEADROOM, inner->n);
	struct seg seg = seg_run_at(&run, 0);
	struct inner_ip ip;
	enum esp_result result;

	memcpy(seg.p, inner->p, inner->n);
	FUZZ_REQUIRE(inner_ip_decode(bytes_make(seg.p, seg.n), &ip));
	pair.out.seq = 0;
	result = esp_seal(&pair, &seg, &ip);
	FUZZ_REQUIRE(result == ESP_OK);
	FUZZ_REQUIRE(esp_open(&pair, &seg, &ip) == ESP_OK);
	FUZZ_REQUIRE(seg.n == inner->n && memcmp(seg.p, inner->p, seg.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inner_ip ip;
	struct seg seg;
	uint8_t *packet;

	if (!pair.in.box)
		pair_make();
	if (size > PACKET_MAX)
		return 0;
	packet = calloc(1, size + NULL_ICV);
	memcpy(packet, data, size);
	seg = (struct seg){.p = packet, .n = size + NULL_ICV};
	if (esp_open(&pair, &seg, &ip) == ESP_OK) {
		FUZZ_REQUIRE(seg.p >= packet && seg.p + seg.n <= packet + size);
		seal_and_open(&seg);
		inner_use(&seg, &ip);
	}
	free(packet);
	return 0;
}
