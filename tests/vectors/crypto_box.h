// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed packets: AES-GCM of draft-mcgrew-gcm-test-01, ChaCha20-Poly1305 of RFC 7634, AES-CBC of RFC 3602
 * and NIST SP 800-38A (an HMAC of our own behind it), and the truncated HMACs of RFC 4868 and RFC 2404,
 * whose 50 bytes of data are split into 34 of additional data and 16 of IV, with no text. The key includes
 * the salt.
 */
#ifndef BGPVPN_TESTS_VECTORS_CRYPTO_BOX_H
#define BGPVPN_TESTS_VECTORS_CRYPTO_BOX_H

#include "tests/vectors/hex.h"

struct box_vector {
	const char *source;
	uint16_t encr;
	uint16_t key_bits;
	uint16_t integ;
	const char *key;
	const char *integ_key;
	const char *iv;
	const char *aad;
	const char *plain;
	const char *cipher;
	const char *tail;
	const char *icv;
};

static const struct box_vector box_vectors[] = {
	{
		.source = "draft-mcgrew-gcm-test-01 4",
		.encr = IKE_ENCR_AES_GCM_16,
		.key_bits = 128,
		.integ = IKE_INTEG_NONE,
		.key = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
		.integ_key = "",
		.iv = "4956ed7e3b244cfe",
		.aad = "000043218765432100000000",
		.plain = "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f7369"
			 "70045f756470037369700963796265726369747902646b000021000101020201",
		.cipher = "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf"
			  "65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732",
		.tail = "",
		.icv = "459018148f6cbe722fd04796562dfdb4",
	},
	{
		.source = "draft-mcgrew-gcm-test-01 4",
		.encr = IKE_ENCR_AES_GCM_16,
		.key_bits = 192,
		.integ = IKE_INTEG_NONE,
		.key = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
		.integ_key = "",
		.iv = "facedbaddecaf888",
		.aad = "0000a5f80000000a",
		.plain = "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
		.cipher = "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77",
		.tail = "",
		.icv = "95457b9652037f5318027b5b4cd7a636",
	},
	{
		.source = "draft-mcgrew-gcm-test-01 4",
		.encr = IKE_ENCR_AES_GCM_16,
		.key_bits = 256,
		.integ = IKE_INTEG_NONE,
		.key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
		.integ_key = "",
		.iv = "0102030405060708",
		.aad = "4a2cbfe300000002",
		.plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000"
			 "020405b40101040201020201",
		.cipher = "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d34"
			  "7f0545659f14e99def842d8e",
		.tail = "",
		.icv = "b335f4eecfdbf831824b4c4915956c96",
	},
	{
		.source = "RFC 7634 A",
		.encr = IKE_ENCR_CHACHA20_POLY1305,
		.key_bits = 0,
		.integ = IKE_INTEG_NONE,
		.key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",
		.integ_key = "",
		.iv = "1011121314151617",
		.aad = "0102030400000005",
		.plain = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b"
			 "0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233"
			 "3435363701020204",
		.cipher = "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb"
			  "61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da"
			  "9165b82829f641e0",
		.tail = "",
		.icv = "76aaa8266b7fb0f7b11b369907e1ad43",
	},
	{
		.source = "RFC 7634 B",
		.encr = IKE_ENCR_CHACHA20_POLY1305,
		.key_bits = 0,
		.integ = IKE_INTEG_NONE,
		.key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",
		.integ_key = "",
		.iv = "1011121314151617",
		.aad = "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
		.plain = "0000000c000040010000000a00",
		.cipher = "610394701f8d017f7c12924889",
		.tail = "",
		.icv = "6b71bfe25236efd7cdc67066906315b2",
	},
	{
		.source = "own: empty text",
		.encr = IKE_ENCR_AES_GCM_16,
		.key_bits = 128,
		.integ = IKE_INTEG_NONE,
		.key = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
		.integ_key = "",
		.iv = "4956ed7e3b244cfe",
		.aad = "0000432187654321",
		.plain = "",
		.cipher = "",
		.tail = "",
		.icv = "15c1e29092cb4b9b0dfa34dc2acded87",
	},
	{
		.source = "RFC 3602 4, own ICV",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA1_96,
		.key = "06a9214036b8a15b512e03d534120006",
		.integ_key = "0cd1ee52eff38fb455f4df529fa7f46bec56fd3d",
		.iv = "3dafba429d9eb430b422da802c9fac41",
		.aad = "0000432100000001",
		.plain = "53696e676c6520626c6f636b206d7367",
		.cipher = "e353779c1079aeb82708942dbe77181a",
		.tail = "",
		.icv = "efa9d91732bbc8fc19841118",
	},
	{
		.source = "RFC 3602 4, own ICV",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA2_256_128,
		.key = "6c3ea0477630ce21a2ce334aa746c2cd",
		.integ_key = "fc53c6b4fb1688ea3285823476666e12a2861bad05eb9cd8dae6875bee8abc60",
		.iv = "c782dc4c098c66cbd9cd27d825682c81",
		.aad = "0000432100000001",
		.plain = "5468697320697320612034382d62797465206d657373616765202865786163746c79203320414553"
			 "20626c6f636b7329",
		.cipher = "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c"
			  "8579695d83ba2684",
		.tail = "00000007",
		.icv = "4af78ece15c3d59d8a3018eb42e8fc62",
	},
	{
		.source = "RFC 3602 4, own ICV",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA2_256_128,
		.key = "90d382b410eeba7ad938c46cec1a82bf",
		.integ_key = "fc53c6b4fb1688ea3285823476666e12a2861bad05eb9cd8dae6875bee8abc60",
		.iv = "e96e8c08ab465763fd098d45dd3ff893",
		.aad = "0000432100000001",
		.plain = "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
			 "202122232425262728292a2b2c2d2e2f30313233343536370102030405060708090a0b0c0d0e0e01",
		.cipher = "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db08"
			  "0b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6",
		.tail = "",
		.icv = "e3f74727db573ef8aba4ee469349183b",
	},
	{
		.source = "SP 800-38A F.2, own ICV",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 192,
		.integ = IKE_INTEG_HMAC_SHA2_384_192,
		.key = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
		.integ_key =
			"3a9e180946e82eed124e971db9c628479c3ad86a5154a9c76d8bc18c0b96fbdb94c0606b65cf47bf"
			"418b9ab0c37dfeb2",
		.iv = "000102030405060708090a0b0c0d0e0f",
		.aad = "0000432100000001",
		.plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
			 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
		.cipher = "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae0"
			  "7fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
		.tail = "",
		.icv = "cdbb6be3d8387fab1012123f073ec5def8eb9957ab05d976",
	},
	{
		.source = "SP 800-38A F.2, own ICV",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 256,
		.integ = IKE_INTEG_HMAC_SHA2_512_256,
		.key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		.integ_key =
			"e7828aeb5f23e2dc54f7b31463d3f714058bdd882da4dc05ec90f2351731147009f1d7335d9ae31a"
			"ea167c13b952ce3b8fd4718940a64d3f37ccdf29c2ae4d06",
		.iv = "000102030405060708090a0b0c0d0e0f",
		.aad = "0000432100000001",
		.plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
			 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
		.cipher = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacf"
			  "a530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
		.tail = "00000001",
		.icv = "d6c5f7fc9d4d61454b4641d96af45a7328329852d33146d6b2df5ae34f11c18e",
	},
	{
		.source = "RFC 2202 3 case 3, truncated",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA1_96,
		.key = "06a9214036b8a15b512e03d534120006",
		.integ_key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.iv = "dddddddddddddddddddddddddddddddd",
		.aad = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
		.plain = "",
		.cipher = "",
		.tail = "",
		.icv = "125d7342b9ac11cd91a39af4",
	},
	{
		.source = "RFC 4868 2.7.2, AUTH-3",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA2_256_128,
		.key = "06a9214036b8a15b512e03d534120006",
		.integ_key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.iv = "dddddddddddddddddddddddddddddddd",
		.aad = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
		.plain = "",
		.cipher = "",
		.tail = "",
		.icv = "cdcb1220d1ecccea91e53aba3092f962",
	},
	{
		.source = "RFC 4868 2.7.2, AUTH-3",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA2_384_192,
		.key = "06a9214036b8a15b512e03d534120006",
		.integ_key =
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaa",
		.iv = "dddddddddddddddddddddddddddddddd",
		.aad = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
		.plain = "",
		.cipher = "",
		.tail = "",
		.icv = "809f439be00274321d4a538652164b53554a508184a0c316",
	},
	{
		.source = "RFC 4868 2.7.2, AUTH-3",
		.encr = IKE_ENCR_AES_CBC,
		.key_bits = 128,
		.integ = IKE_INTEG_HMAC_SHA2_512_256,
		.key = "06a9214036b8a15b512e03d534120006",
		.integ_key =
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.iv = "dddddddddddddddddddddddddddddddd",
		.aad = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
		.plain = "",
		.cipher = "",
		.tail = "",
		.icv = "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8",
	},
};

#endif
