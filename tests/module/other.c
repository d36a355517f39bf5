/*
 * other.c  A shared object that is no codec module
 *
 * SPDX-License-Identifier: MIT
 */
extern const int something_else;
const int something_else = 1;
