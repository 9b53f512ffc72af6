/* SPDX-License-Identifier: Apache-2.0
 *
 * Join: payments find the orders that they pay, if they come within ten seconds of event time. Some
 * orders are paid twice, some never, some too late; both streams come out of order.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir.h>

enum {
    ORDERS_DEFAULT = 30000,
    STEP_MS = 20,
    DISORDER_MS = 2000,
    TIME_TO_PAY_MS = 10 * 1000,
    PAYMENTS_LATE_MS = 2 * DISORDER_MS + TIME_TO_PAY_MS * 6 / 5,
    ORDERS_AT_A_TIME = (TIME_TO_PAY_MS + PAYMENTS_LATE_MS) / STEP_MS, /* until none can be paid */
};

struct order {
    uint64_t order;
    int64_t ms;
    uint64_t cents;
};
static const struct weir_type order_type = WEIR_STRUCT(struct order, 1);

struct payment {
    uint64_t order;
    int64_t ms;
    uint64_t payment, cents;
};
static const struct weir_type payment_type = WEIR_STRUCT(struct payment, 1);

struct paid {
    uint64_t order, payment;
    int64_t wait_ms, open_cents;
};
static const struct weir_type paid_type = WEIR_STRUCT(struct paid, 1);

static uint64_t order_count(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : ORDERS_DEFAULT;
}

static uint64_t mixed(uint64_t index)
{
    return (index + 1) * 0x9e3779b97f4a7c15u >> 33;
}

static struct order order_of(uint64_t index)
{
    return (struct order){ .order = index,
                           .ms = (int64_t)(index * STEP_MS + mixed(index) % DISORDER_MS),
                           .cents = 100 + mixed(index) % 9000 };
}

/* As many as orders: of the order of that number, or, each fourth, of the one before. */
static struct payment payment_of(uint64_t index)
{
    uint64_t order = index % 4 == 3 ? index - 1 : index;
    int64_t wait_ms = (int64_t)(mixed(index * 31) % (TIME_TO_PAY_MS * 6 / 5)) - 100;
    return (struct payment){ .order = order,
                             .ms = order_of(order).ms + wait_ms,
                             .payment = index,
                             .cents = order_of(order).cents - mixed(index) % 2 * 50 };
}

static void make_order(uint64_t index, void *value, void *user)
{
    *(struct order *)value = order_of(index);
    (void)user;
}

static void make_payment(uint64_t index, void *value, void *user)
{
    *(struct payment *)value = payment_of(index);
    (void)user;
}

static int64_t time_of_order(uint64_t index, const void *value, void *user)
{
    (void)index, (void)user;
    return ((const struct order *)value)->ms;
}

static int64_t time_of_payment(uint64_t index, const void *value, void *user)
{
    (void)index, (void)user;
    return ((const struct payment *)value)->ms;
}

static struct paid paid_of(const struct order *order, const struct payment *payment)
{
    return (struct paid){ order->order, payment->payment, payment->ms - order->ms,
                          (int64_t)order->cents - (int64_t)payment->cents };
}

static void join(struct weir_context *ctx, const struct weir_record *left,
                 const struct weir_record *right, void *user)
{
    struct paid paid = paid_of(left->value, right->value);
    weir_emit(ctx, &paid);
    (void)user;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct paid *paid = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "order %llu payment %llu after %lld ms, open %lld",
                            (unsigned long long)paid->order, (unsigned long long)paid->payment,
                            (long long)paid->wait_ms, (long long)paid->open_cents);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    struct weir_generator orders = { .type = &order_type,
                                     .count = order_count(argc, argv),
                                     .rate = 500,
                                     .splits = 8,
                                     .make = make_order,
                                     .timestamp = time_of_order,
                                     .watermarks = { .late_ms = DISORDER_MS } };
    struct weir_generator payments = orders;
    payments.type = &payment_type;
    payments.make = make_payment;
    payments.timestamp = time_of_payment;
    payments.watermarks.late_ms = PAYMENTS_LATE_MS;
    const struct weir_interval interval = { .lower_ms = 0, .upper_ms = TIME_TO_PAY_MS };
    struct weir_stream *left = weir_from_generator(env, "orders", &orders, NULL);
    struct weir_stream *right = weir_from_generator(env, "payments", &payments, NULL);
    struct weir_stream *paid =
        weir_interval_join(weir_key_by(left, WEIR_FIELD_LONG(struct order, order)),
                           weir_key_by(right, WEIR_FIELD_LONG(struct payment, order)), "join",
                           &paid_type, &interval, join, NULL);
    weir_cost(paid,
              &(struct weir_cost){ .cpu_ns = 20000, .selectivity = 0.4, .keys = ORDERS_AT_A_TIME });
    weir_sink_files(paid, "paid", format, NULL);
    return weir_execute(env, "join") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    (void)sink;
    for (uint64_t i = 0; i < order_count(argc, argv); i++) {
        struct payment payment = payment_of(i);
        struct order order = order_of(payment.order);
        struct paid paid = paid_of(&order, &payment);
        char text[100];
        if (paid.wait_ms < 0 || paid.wait_ms > TIME_TO_PAY_MS)
            continue;
        format(&paid, sizeof paid, text, sizeof text, NULL);
        line(to, text);
    }
}
