/* SPDX-License-Identifier: Apache-2.0 */
/* recipe_check.c - do a line's steps fit each other, the profile and the
 * driver? */
#include "config.h"

#include "common/x509/template.h"
#include "orchestrator/flow/recipe.h"
#include "orchestrator/flow/recipe_check.h"

/* For complaints about all steps together. */
static const struct eh_yaml_node *
steps_node(const struct eh_recipe *r)
{
	return eh_yaml_member(r->line->profile->node->parent, "steps");
}

static void
need(const struct eh_recipe *r, const struct eh_line_step *step,
    enum eh_driver_op op, struct eh_report *report)
{
	if (!eh_plugin_can(r->driver, op))
		eh_report_error(report, step->node,
		    "%s needs %s, which is not supported by driver %s",
		    eh_line_step_word(step->uses), eh_plugin_op_name(op),
		    r->driver->plugin->name);
}

static void
check_driver(const struct eh_recipe *r, struct eh_report *report)
{
	for (size_t i = 0; i < r->line->nsteps; i++) {
		const struct eh_line_step *step = &r->line->steps[i];

		if (step->uses == EH_STEP_CHIP_KEYGEN)
			need(r, step, EH_DRIVER_KEYGEN, report);
		else if (step->uses == EH_STEP_CHIP_INJECT)
			need(r, step, EH_DRIVER_WRITE_CERTIFICATE, report);
		else if (step->uses == EH_STEP_CHIP_VERIFY)
			need(r, step, EH_DRIVER_READ_BACK, report);
		else if (step->uses == EH_STEP_HSM_ISSUE &&
		    r->compiled != NULL && r->compiled->profile.evidence ==
		        EH_EVIDENCE_ATTESTED)
			need(r, step, EH_DRIVER_ATTEST, report);
	}
}

/* Everything that the plan puts into the chip must have been issued. */
static void
check_inject(const struct eh_recipe *r, const struct eh_line_step *step,
    unsigned issued, struct eh_report *report)
{
	if (r->nplaces == 0)
		eh_report_error(report, step->node,
		    "there is nothing to do: profile %s has no injection plan",
		    r->source->name);
	for (unsigned i = 0; i < r->nplaces; i++)
		if ((issued >> r->place[i].index & 1) == 0)
			eh_report_error(report, step->node,
			    "the profile puts certificate '%s' at %s, and no "
			    "step before this one issues it",
			    r->source->certificate[r->place[i].index].id,
			    r->place[i].name);
}

static void
check_verify(const struct eh_recipe *r, const struct eh_line_step *step,
    struct eh_report *report)
{
	for (unsigned i = 0; i < r->nplaces; i++)
		if (r->place[i].verify)
			return;
	eh_report_error(report, step->node,
	    "there is nothing to do: no entry of the profile's injection plan "
	    "says verify: read-back");
}

struct seen {
	unsigned kinds;			/* bit n: a step of kind n */
	unsigned keys, issued;
};

static void
check_step(const struct eh_recipe *r, const struct eh_line_step *step,
    struct seen *seen, struct eh_report *report)
{
	unsigned index[EH_PROFILE_TEMPLATES], n;
	int key;

	if ((seen->kinds >> EH_STEP_RECORD_WRITE & 1) != 0)
		eh_report_error(report, step->node,
		    "nothing comes after record.write: the report speaks of a "
		    "finished device");
	switch (step->uses) {
	case EH_STEP_CHIP_KEYGEN:
		key = eh_recipe_key(r, step->with->key);
		if (key >= 0 && (seen->keys >> key & 1) != 0)
			eh_report_error(report, step->node,
			    "key '%s' is made twice", step->with->key);
		if (key >= 0)
			seen->keys |= 1u << key;
		break;
	case EH_STEP_HSM_ISSUE:
		n = eh_recipe_certificates(r, step, index);
		while (n-- > 0)
			seen->issued |= 1u << index[n];
		break;
	case EH_STEP_CHIP_INJECT:
		check_inject(r, step, seen->issued, report);
		break;
	case EH_STEP_CHIP_VERIFY:
		check_verify(r, step, report);
		break;
	default:
		break;
	}
	if (step->uses >= 0)
		seen->kinds |= 1u << step->uses;
}

static void
check_steps(const struct eh_recipe *r, struct eh_report *report)
{
	struct seen seen = { 0, 0, 0 };
	unsigned recorded;

	for (size_t i = 0; i < r->line->nsteps; i++)
		check_step(r, &r->line->steps[i], &seen, report);
	recorded = seen.kinds >> EH_STEP_RECORD_WRITE & 1;
	if (!recorded && r->source->records > 0)
		eh_report_error(report, steps_node(r),
		    "the profile wants a report of every device, and no step "
		    "is record.write");
	else if (!recorded)
		eh_report_warning(report, steps_node(r),
		    "no step is record.write: the EdgeHSM will count every "
		    "device as in doubt");
	if (recorded && eh_recipe_wants(r, "read-back") &&
	    (seen.kinds >> EH_STEP_CHIP_VERIFY & 1) == 0)
		eh_report_error(report, steps_node(r),
		    "the profile wants read-back in every report, and no step "
		    "is chip.verify");
}

/* What a profile may ask for and a line of this version cannot give. */
static void
check_templates(const struct eh_recipe *r, struct eh_report *report)
{
	const struct eh_profile *p = &r->compiled->profile;
	const struct eh_yaml_node *node = r->line->profile->node;

	for (unsigned i = 0; i < p->templates; i++) {
		if (!eh_template_has(p, i, EH_FIELD_DEVICE_ID))
			eh_report_error(report, node,
			    "certificate '%s' does not show the device id: a "
			    "line of this version cannot ask for it",
			    p->template[i].id);
		if (eh_template_has(p, i, EH_FIELD_INPUT))
			eh_report_error(report, node,
			    "certificate '%s' has a field of inputs:, which a "
			    "line of this version cannot fill",
			    p->template[i].id);
	}
}

void
eh_recipe_check(const struct eh_recipe *r, struct eh_report *report)
{
	if (r->driver != NULL)
		check_driver(r, report);
	if (r->source != NULL)
		check_steps(r, report);
	if (r->compiled != NULL)
		check_templates(r, report);
}
