// SPDX-License-Identifier: GPL-2.0-or-later
/* The SPIs that a plane has promised or uses, RFC 4303 2.1. Private to the planes; main thread. */
#ifndef BGPVPN_DPLANE_SPI_TABLE_H
#define BGPVPN_DPLANE_SPI_TABLE_H

#include <zebra.h>

#include "lib/typesafe.h"

/* 1 to 255 are reserved, 0 is for local use. */
#define SPI_MIN 256

PREDECL_HASH(spi_rows);

struct spi_table {
	struct spi_rows_head rows;
};

void spi_table_init(struct spi_table *table);
void spi_table_fini(struct spi_table *table);

/* A random one that is neither promised nor used; 0 when there is none. */
uint32_t spi_table_reserve(struct spi_table *table);

/* Gives back one that is promised; nothing when it is in use. */
void spi_table_release(struct spi_table *table, uint32_t spi);

/* Whether a new SA may have it: allowed and not in use; it need not be promised. */
bool spi_table_free(struct spi_table *table, uint32_t spi);
void spi_table_use(struct spi_table *table, uint32_t spi);
void spi_table_unuse(struct spi_table *table, uint32_t spi);

#endif
