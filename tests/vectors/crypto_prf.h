// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HMACs of RFC 2202 and RFC 4231, and prf+ (RFC 7296 2.13) as the IKEv2 answers of NIST CAVP have it: the
 * key is SKEYSEED = prf(Ni | Nr, g^ir), the seed Ni | Nr | SPIi | SPIr. "own": from crypto_verify.py.
 */
#ifndef BGPVPN_TESTS_VECTORS_CRYPTO_PRF_H
#define BGPVPN_TESTS_VECTORS_CRYPTO_PRF_H

#include "tests/vectors/hex.h"

struct prf_vector {
	const char *source;
	uint16_t id;
	const char *key;
	const char *data;
	const char *mac;
};

static const struct prf_vector prf_vectors[] = {
	{
		.source = "RFC 2202 3 case 1",
		.id = IKE_PRF_HMAC_SHA1,
		.key = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		.data = "4869205468657265",
		.mac = "b617318655057264e28bc0b6fb378c8ef146be00",
	},
	{
		.source = "RFC 2202 3 case 2",
		.id = IKE_PRF_HMAC_SHA1,
		.key = "4a656665",
		.data = "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		.mac = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	},
	{
		.source = "RFC 2202 3 case 3",
		.id = IKE_PRF_HMAC_SHA1,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.data = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
			"dddddddddddddddddddd",
		.mac = "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
	},
	{
		.source = "RFC 2202 3 case 6",
		.id = IKE_PRF_HMAC_SHA1,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.data = "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
			"48617368204b6579204669727374",
		.mac = "aa4ae5e15272d00e95705637ce8a3b55ed402112",
	},
	{
		.source = "RFC 4231 4.2",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		.data = "4869205468657265",
		.mac = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	},
	{
		.source = "RFC 4231 4.3",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "4a656665",
		.data = "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		.mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	},
	{
		.source = "RFC 4231 4.4",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.data = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
			"dddddddddddddddddddd",
		.mac = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
	},
	{
		.source = "RFC 4231 4.7",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaa",
		.data = "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
			"48617368204b6579204669727374",
		.mac = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	},
	{
		.source = "RFC 4231 4.2",
		.id = IKE_PRF_HMAC_SHA2_384,
		.key = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		.data = "4869205468657265",
		.mac = "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f"
		       "4af152e8b2fa9cb6",
	},
	{
		.source = "RFC 4231 4.3",
		.id = IKE_PRF_HMAC_SHA2_384,
		.key = "4a656665",
		.data = "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		.mac = "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c7"
		       "8b3239ecfab21649",
	},
	{
		.source = "RFC 4231 4.4",
		.id = IKE_PRF_HMAC_SHA2_384,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.data = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
			"dddddddddddddddddddd",
		.mac = "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b9"
		       "4e3ab6e101a34f27",
	},
	{
		.source = "RFC 4231 4.7",
		.id = IKE_PRF_HMAC_SHA2_384,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaa",
		.data = "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
			"48617368204b6579204669727374",
		.mac = "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe82"
		       "96248df163f44952",
	},
	{
		.source = "RFC 4231 4.2",
		.id = IKE_PRF_HMAC_SHA2_512,
		.key = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		.data = "4869205468657265",
		.mac = "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702"
		       "038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
	},
	{
		.source = "RFC 4231 4.3",
		.id = IKE_PRF_HMAC_SHA2_512,
		.key = "4a656665",
		.data = "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		.mac = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a"
		       "6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	},
	{
		.source = "RFC 4231 4.4",
		.id = IKE_PRF_HMAC_SHA2_512,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.data = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
			"dddddddddddddddddddd",
		.mac = "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c8"
		       "06b485a47e67c807b946a337bee8942674278859e13292fb",
	},
	{
		.source = "RFC 4231 4.7",
		.id = IKE_PRF_HMAC_SHA2_512,
		.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaa",
		.data = "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
			"48617368204b6579204669727374",
		.mac = "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598"
		       "bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
	},
	{
		.source = "own: empty key",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "",
		.data = "4869205468657265",
		.mac = "e48411262715c8370cd5e7bf8e82bef53bd53712d007f3429351843b77c7bb9b",
	},
	{
		.source = "NIST CAVP, SP 800-135 IKEv2",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "3f302be1abcb28e18c332ee006064c9b",
		.data = "0f4d257d7a58fc4545c7d7a88119eee5d5c9690c5b4c989171d3abbfd99d1d29",
		.mac = "5f00d1bd2c58ec224b1e6b71fa0f19a1faa7a193952c444411b47c1a9d8ba6fe",
	},
};

struct prf_plus_vector {
	const char *source;
	uint16_t id;
	const char *key;
	const char *seed;
	const char *out;
};

static const struct prf_plus_vector prf_plus_vectors[] = {
	{
		.source = "NIST CAVP, SP 800-135 IKEv2",
		.id = IKE_PRF_HMAC_SHA1,
		.key = "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7",
		.seed = "32b50d5f4a3763f39206a04b26564cb134c9e7c1888687853ff77d760d2b2199",
		.out = "a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002a2a63080e514a062"
		       "768b76606f9fa5e992204fc5a670bde3f10d6b027113936a5c55b648a194ae587b0088d52204b702"
		       "c979fa280870d2ed41efa9c549fd11198af1670b143d384bd275c5f594cf266b05ebadca855e4249"
		       "520a441a81157435a7a56cc4",
	},
	{
		.source = "NIST CAVP, SP 800-135 IKEv2",
		.id = IKE_PRF_HMAC_SHA2_256,
		.key = "5f00d1bd2c58ec224b1e6b71fa0f19a1faa7a193952c444411b47c1a9d8ba6fe",
		.seed = "3f302be1abcb28e18c332ee006064c9b40dac39e1e1a86408619a1cf9a6e4c07",
		.out = "0b137d669b0947d7d026d593f0305ad401ff0c471357d695778a9c7f4b4869ece98aca531188d160"
		       "41b3bb936d2dbb3b4993a6e768a809160de45d0283f273a6cdf6854379e31be72b8d3d1fa990cf9c"
		       "5b015ca9f918a7df6253c958114a09d4e1c19bdcd4db14b29d98db1a74ad405c588662c14a04d0d3"
		       "6aa4ab55e90f8986d12d4aad",
	},
	{
		.source = "NIST CAVP, SP 800-135 IKEv2",
		.id = IKE_PRF_HMAC_SHA2_384,
		.key = "69fe7a1ac94adaeb711295f5fe004b1a8d6a0b65d05692758ce8ad2f7a45f59d7d0b596f51f7dfcf"
		       "3330061888f6a94f",
		.seed = "fd1b572a8e7355916013b0ef88dacd3d2116ad07ce61f74924880e55f11a65b7",
		.out = "4f904c2025c90c817ea5ff9b662a6fdb445a73b57cdf09eacd379b95e1f03cacb04cd6deeda4f952"
		       "191dd9bc1f7a9502471a648d74dc06d38112de48a42501f6b1a3ad55c2099cd9a648e5f17e5bf3e3"
		       "4bf9b5953decb768a34f875fe2b78dca0c2fcca81ec1a412006dfaed38fa06882e61f4c148105fb8"
		       "e231fdb33c4d484c001721d4",
	},
	{
		.source = "own",
		.id = IKE_PRF_HMAC_SHA2_512,
		.key = "f70c425910400454aa19aad48532214e4a6f4db0304a4ecb14d3eabc8104f563ab9cbdaf19c71b9a"
		       "2f6e165d86ff67e366a766628f7717cbfa4a6c237e1447ba",
		.seed = "b3d4f5eadb781ee133af350c8c18b826ee80fd190fdb80435c5bf7a5c19fc94834dff64366654c1f"
			"a86ad93253c69c298aefddf58b4b6770c75264e8e11af9c1b3d4f5eadb781ee133af350c8c18b826",
		.out = "ade246135a1bdcc831964486c6f1cde3ca31a0efcae5f2b5d36c4e46941fdd040b688c6171e76772"
		       "7c02c7eb988b2d7c35a59e0e42116e4810a6a5ffc74852308ccdd935edb43361fcbc1abe55d86615"
		       "c309c0dd11bacf8491368b374a7d23d55e2e3199846d324623075b6cd2b55e3e51817f656a912b7a"
		       "5314d0d8c32105f9ecebb937eeae472cadc29272a9f7ed66cdef1ae7f299109a70b2927e24748e5d"
		       "20c68039dab847038199ce26e2edcf6fa25ec4a94b11307c29d941cc4204f98940ee0bd9b46f1f67",
	},
};

#endif
