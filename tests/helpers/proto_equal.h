// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoded payloads compared field by field, for the property tests and the fuzz targets. */
#ifndef BGPVPN_TESTS_PROTO_EQUAL_H
#define BGPVPN_TESTS_PROTO_EQUAL_H

#include "bgpvpnd/proto/proto.h"

static inline bool transform_equal(const struct ike_transform *a, const struct ike_transform *b)
{
	return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits &&
	       a->unknown_attribute == b->unknown_attribute;
}

static inline bool proposal_equal(const struct ike_proposal *a, const struct ike_proposal *b)
{
	if (a->num != b->num || a->proto != b->proto || a->spi_len != b->spi_len || a->spi != b->spi ||
	    a->num_transforms != b->num_transforms)
		return false;
	for (unsigned int i = 0; i < a->num_transforms; i++)
		if (!transform_equal(&a->transforms[i], &b->transforms[i]))
			return false;
	return true;
}

static inline bool sa_payload_equal(const struct ike_sa_payload *a, const struct ike_sa_payload *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++)
		if (!proposal_equal(&a->proposals[i], &b->proposals[i]))
			return false;
	return true;
}

static inline bool ke_equal(const struct ike_ke *a, const struct ike_ke *b)
{
	return a->method == b->method && bytes_equal(a->value, b->value);
}

static inline bool id_equal(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && bytes_equal(a->value, b->value);
}

static inline bool auth_equal(const struct ike_auth *a, const struct ike_auth *b)
{
	return a->method == b->method && bytes_equal(a->value, b->value);
}

static inline bool auth_sig_equal(const struct ike_auth_sig *a, const struct ike_auth_sig *b)
{
	return bytes_equal(a->alg, b->alg) && bytes_equal(a->value, b->value);
}

static inline bool cert_equal(const struct ike_cert *a, const struct ike_cert *b)
{
	return a->encoding == b->encoding && bytes_equal(a->data, b->data);
}

static inline bool certreq_equal(const struct ike_certreq *a, const struct ike_certreq *b)
{
	return a->encoding == b->encoding && bytes_equal(a->authorities, b->authorities);
}

static inline bool notify_equal(const struct ike_notify *a, const struct ike_notify *b)
{
	return a->proto == b->proto && a->spi_len == b->spi_len && a->spi == b->spi && a->type == b->type &&
	       bytes_equal(a->data, b->data);
}

static inline bool delete_equal(const struct ike_delete *a, const struct ike_delete *b)
{
	return a->proto == b->proto && a->num_spis == b->num_spis &&
	       memcmp(a->spis, b->spis, a->num_spis * sizeof(a->spis[0])) == 0;
}

static inline bool ts_equal(const struct ts *a, const struct ts *b)
{
	return a->proto == b->proto && a->port_start == b->port_start && a->port_end == b->port_end &&
	       ipaddr_equal(&a->start, &b->start) && ipaddr_equal(&a->end, &b->end);
}

static inline bool ts_list_equal(const struct ts_list *a, const struct ts_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++)
		if (!ts_equal(&a->ts[i], &b->ts[i]))
			return false;
	return true;
}

static inline bool payload_equal(const struct ike_payload *a, const struct ike_payload *b)
{
	return a->type == b->type && a->critical == b->critical && a->next_type == b->next_type &&
	       bytes_equal(rd_rest(&a->body), rd_rest(&b->body));
}

static inline bool payloads_equal(const struct ike_payloads *a, const struct ike_payloads *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++)
		if (!payload_equal(&a->list[i], &b->list[i]))
			return false;
	return true;
}

static inline bool hdr_equal(const struct ike_hdr *a, const struct ike_hdr *b)
{
	return a->spi_i == b->spi_i && a->spi_r == b->spi_r && a->next_payload == b->next_payload &&
	       a->version == b->version && a->exchange == b->exchange && a->flags == b->flags &&
	       a->message_id == b->message_id && a->length == b->length;
}

#endif
