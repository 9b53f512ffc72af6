/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of providers, and the one in use.
 */
#include "sim/provider/provider.h"

#include "core/base/text.h"
#include "sim/provider/standalone.h"

const struct provider_row *const provider_rows[] = { &provider_standalone, NULL };

struct provider {
    const struct provider_row *row;
    void *itself;
};

static void on_end(void *context, struct node_id node)
{
    struct provider *provider = context;
    provider->row->process_ended(provider->itself, node);
}

struct provider *provider_create(struct virtual_cluster *cluster)
{
    const char *name = virtual_cluster_scenario(cluster)->cluster.provider;
    const struct provider_row *const *row = provider_rows;
    while (*row && !text_equal((*row)->name, name))
        row++;
    CHECK(*row != NULL);
    struct provider *provider = mem_create(sizeof *provider);
    provider->row = *row;
    provider->itself = provider->row->create(cluster);
    virtual_cluster_set_end_hook(cluster, on_end, provider);
    return provider;
}

void provider_destroy(struct provider *provider)
{
    if (!provider)
        return;
    provider->row->destroy(provider->itself);
    mem_destroy(provider);
}

void provider_start(struct provider *provider)
{
    provider->row->start(provider->itself);
}
