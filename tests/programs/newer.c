/* SPDX-License-Identifier: Apache-2.0
 *
 * What a weir.h of another number makes of a program; and it calls what only that weir has.
 */
__attribute__((visibility("default"))) int weir_main_99(void *env, int argc, char **argv);
int weir_of_number_99(void *env, int argc, char **argv);

int weir_main_99(void *env, int argc, char **argv)
{
    return weir_of_number_99(env, argc, argv);
}
