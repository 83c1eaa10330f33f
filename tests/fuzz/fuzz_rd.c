// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cursor, driven by the input as a program. The first byte says how many bytes are the program, two bytes
 * per step (operation, argument); the rest is what the cursor reads. Beside it runs a model: an offset into
 * an array.
 */
#include <zebra.h>

#include "bgpvpnd/base/rd.h"
#include "tests/fuzz/fuzz.h"

enum { OP_U8, OP_U16, OP_U32, OP_U64, OP_SKIP, OP_BYTES, OP_SUB, OP_COPY, OP_MAX };

struct model {
	struct bytes all;
	size_t at;
};

static size_t model_left(const struct model *model)
{
	return model->all.n - model->at;
}

static uint64_t model_uint(const struct model *model, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 256 + model->all.p[model->at + i];
	return v;
}

/* A read of an integer of n bytes; what was not read must have stayed 0x55. */
static void require_uint(const struct model *model, bool ok, size_t n, uint64_t v)
{
	FUZZ_REQUIRE(ok == (n <= model_left(model)));
	FUZZ_REQUIRE(v == (ok ? model_uint(model, n) : 0x55));
}

static bool read_uint(struct rd *rd, const struct model *model, unsigned int op)
{
	uint8_t u8 = 0x55;
	uint16_t u16 = 0x55;
	uint32_t u32 = 0x55;
	uint64_t u64 = 0x55;
	bool ok = false;

	switch (op) {
	case OP_U8:
		ok = rd_u8(rd, &u8);
		require_uint(model, ok, 1, u8);
		break;
	case OP_U16:
		ok = rd_u16(rd, &u16);
		require_uint(model, ok, 2, u16);
		break;
	case OP_U32:
		ok = rd_u32(rd, &u32);
		require_uint(model, ok, 4, u32);
		break;
	case OP_U64:
		ok = rd_u64(rd, &u64);
		require_uint(model, ok, 8, u64);
		break;
	}
	return ok;
}

static bool read_bytes(struct rd *rd, const struct model *model, size_t n)
{
	struct bytes view = {};
	bool ok = rd_bytes(rd, n, &view);

	FUZZ_REQUIRE(ok == (n <= model_left(model)));
	FUZZ_REQUIRE(!ok || bytes_equal(view, bytes_make(model->all.p + model->at, n)));
	return ok;
}

static bool read_copy(struct rd *rd, const struct model *model, size_t n)
{
	uint8_t copy[UINT8_MAX] = {};
	bool ok = rd_copy(rd, copy, n);

	FUZZ_REQUIRE(ok == (n <= model_left(model)));
	FUZZ_REQUIRE(!ok || bytes_equal(bytes_make(copy, n), bytes_make(model->all.p + model->at, n)));
	return ok;
}

/* The sub-cursor reads the same bytes, and ends where it should. */
static bool read_sub(struct rd *rd, const struct model *model, size_t n)
{
	struct rd sub = {};
	bool ok = rd_sub(rd, n, &sub);
	uint8_t u8;

	FUZZ_REQUIRE(ok == (n <= model_left(model)));
	for (size_t i = 0; ok && i < n; i++)
		FUZZ_REQUIRE(rd_u8(&sub, &u8) && u8 == model->all.p[model->at + i]);
	FUZZ_REQUIRE(!ok || !rd_skip(&sub, 1));
	return ok;
}

static size_t op_len(unsigned int op, size_t argument)
{
	return op <= OP_U64 ? (size_t)1 << op : argument;
}

static bool step(struct rd *rd, const struct model *model, unsigned int op, size_t argument)
{
	switch (op) {
	case OP_SKIP:
		return rd_skip(rd, argument);
	case OP_BYTES:
		return read_bytes(rd, model, argument);
	case OP_SUB:
		return read_sub(rd, model, argument);
	case OP_COPY:
		return read_copy(rd, model, argument);
	default:
		return read_uint(rd, model, op);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t program_len = size ? MIN(data[0], size - 1) : 0;
	const uint8_t *program = data + 1;
	struct model model = {};
	struct rd rd;

	if (!size)
		return 0;
	model.all = bytes_make(program + program_len, size - 1 - program_len);
	rd = rd_of(model.all);
	for (size_t i = 0; i + 1 < program_len; i += 2) {
		unsigned int op = program[i] % OP_MAX;
		bool ok = step(&rd, &model, op, program[i + 1]);

		FUZZ_REQUIRE(ok == (op_len(op, program[i + 1]) <= model_left(&model)));
		model.at += ok ? op_len(op, program[i + 1]) : 0;
		FUZZ_REQUIRE(rd_left(&rd) == model_left(&model));
		FUZZ_REQUIRE(rd.p == model.all.p + model.at);
	}
	return 0;
}
