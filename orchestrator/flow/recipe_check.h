/* SPDX-License-Identifier: Apache-2.0 */
/* recipe_check.h - do a line's steps fit each other, the profile and the
 * driver?  For recipe.c only. */
#ifndef EH_ORCHESTRATOR_FLOW_RECIPE_CHECK_H
#define EH_ORCHESTRATOR_FLOW_RECIPE_CHECK_H

struct eh_recipe;
struct eh_report;

/* Check what has been loaded (of the rest it has been said why): operations that
 * the driver lacks, the order of the steps, what the report needs, and what a
 * line of this version cannot give.  What is wrong goes to ${report}. */
void eh_recipe_check(const struct eh_recipe *, struct eh_report *);

#endif
