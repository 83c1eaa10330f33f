// SPDX-License-Identifier: GPL-2.0-or-later
/* The SPIs of a plane, see spi_table.h. */
#include <zebra.h>

#include <sys/random.h>

#include "lib/jhash.h"
#include "lib/memory.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/spi_table.h"

DEFINE_MTYPE_STATIC(BGPVPN, SPI, "VPN SPI");

/* Draws until a free one is found: more would mean that the SPIs are nearly used up. */
#define DRAWS 64

struct spi_row {
	struct spi_rows_item item;
	uint32_t spi;
	bool used; /* else promised to somebody */
};

static int spi_row_compare(const struct spi_row *a, const struct spi_row *b)
{
	return numcmp(a->spi, b->spi);
}

static uint32_t spi_row_hash(const struct spi_row *row)
{
	return jhash_1word(row->spi, 0);
}

DECLARE_HASH(spi_rows, struct spi_row, item, spi_row_compare, spi_row_hash);

void spi_table_init(struct spi_table *table)
{
	spi_rows_init(&table->rows);
}

void spi_table_fini(struct spi_table *table)
{
	struct spi_row *row;

	while ((row = spi_rows_pop(&table->rows)))
		XFREE(MTYPE_SPI, row);
	spi_rows_fini(&table->rows);
}

static struct spi_row *find(struct spi_table *table, uint32_t spi)
{
	struct spi_row wanted = {.spi = spi};

	return spi_rows_find(&table->rows, &wanted);
}

static struct spi_row *hold(struct spi_table *table, uint32_t spi)
{
	struct spi_row *row = XCALLOC(MTYPE_SPI, sizeof(*row));

	row->spi = spi;
	spi_rows_add(&table->rows, row);
	return row;
}

static void drop(struct spi_table *table, struct spi_row *row)
{
	spi_rows_del(&table->rows, row);
	XFREE(MTYPE_SPI, row);
}

uint32_t spi_table_reserve(struct spi_table *table)
{
	uint32_t spi;

	for (int i = 0; i < DRAWS; i++) {
		/* A number that is guessed helps nobody: it only must not be another SA's. */
		if (getrandom(&spi, sizeof(spi), 0) != sizeof(spi))
			continue;
		if (spi < SPI_MIN || find(table, spi))
			continue;
		hold(table, spi);
		return spi;
	}
	return 0;
}

void spi_table_release(struct spi_table *table, uint32_t spi)
{
	struct spi_row *row = find(table, spi);

	if (row && !row->used)
		drop(table, row);
}

bool spi_table_free(struct spi_table *table, uint32_t spi)
{
	struct spi_row *row = find(table, spi);

	return spi >= SPI_MIN && !(row && row->used);
}

void spi_table_use(struct spi_table *table, uint32_t spi)
{
	struct spi_row *row = find(table, spi);

	if (!row)
		row = hold(table, spi);
	row->used = true;
}

void spi_table_unuse(struct spi_table *table, uint32_t spi)
{
	struct spi_row *row = find(table, spi);

	if (row)
		drop(table, row);
}
