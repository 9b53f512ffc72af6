/* SPDX-License-Identifier: Apache-2.0
 *
 * A program of a weir.h that did not put its number into the object.
 */
__attribute__((visibility("default"))) int weir_main(void *env, int argc, char **argv);

int weir_main(void *env, int argc, char **argv)
{
    (void)env, (void)argc, (void)argv;
    return 0;
}
