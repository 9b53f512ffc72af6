/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of a page each, much faster than a slow storage takes them.
 */
#include <stdio.h>
#include <string.h>

#include <weir.h>

enum { PAGES = 20000, PAGE_BYTES = 1024 };

struct page {
    char text[PAGE_BYTES];
};
static const struct weir_type page_type = WEIR_STRUCT(struct page, 1);

static void make(uint64_t index, void *value, void *user)
{
    struct page *page = value;
    (void)user;
    memset(page->text, '.', sizeof page->text);
    page->text[snprintf(page->text, sizeof page->text, "%llu", (unsigned long long)index)] = '.';
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    (void)user;
    if (size <= room)
        memcpy(line, value, size);
    return size;
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_generator pages = {
        .type = &page_type, .count = PAGES, .rate = 10000, .make = make
    };
    (void)argc, (void)argv;
    weir_sink_files(weir_rebalance(weir_from_generator(env, "pages", &pages, NULL)), "lines",
                    format, NULL);
    return weir_execute(env, "pages") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    (void)sink, (void)argc, (void)argv;
    for (uint64_t i = 0; i < PAGES; i++) {
        char text[PAGE_BYTES + 1];
        struct page page;
        make(i, &page, NULL);
        snprintf(text, sizeof text, "%.*s", PAGE_BYTES, page.text);
        line(to, text);
    }
}
