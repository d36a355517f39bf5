/*
 * form.c  What the routes made of a request, in what goes out
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/form.h"
#include "sigd/proxy/who/identity.h"

struct pl form_callee(const struct route_form *form, const struct pl *asked)
{
	return form ? form->callee : *asked;
}

struct pl form_caller(const struct route_form *form, const struct pl *given)
{
	return form && form->caller_set ? form->caller : *given;
}

/* Whoever wants to be nobody, or has to, stays so. */
static bool is_hidden(const struct side_names *names)
{
	return names->caller.nobody || !strcmp(names->from, IDENTITY_ANONYMOUS);
}

static int set_number(struct side_names *names, const struct route_form *form,
		      const struct pl *host)
{
	struct caller_id *id = &names->caller;

	/* what the policy has put in its place counts */
	if (id->ours)
		return 0;
	if (pl_strcpy(&form->caller, id->number, sizeof(id->number)))
		return EOVERFLOW;
	id->ours = true;
	return re_snprintf(names->from, sizeof(names->from), "sip:%H@%r",
			   suri_print_user, &form->caller, host) < 0
		       ? EOVERFLOW
		       : 0;
}

static void set_name(struct side_names *names, const struct pl *display)
{
	struct caller_id *id = &names->caller;

	id->how = display->l ? ROUTE_NAME_USER : ROUTE_NAME_NONE;
	if (pl_strcpy(display, id->name, sizeof(id->name)))
		id->how = ROUTE_NAME_NONE;
}

int form_show(struct side_names *names, const struct route_form *form,
	      const struct pl *host)
{
	int err = 0;

	if (!form || is_hidden(names))
		return 0;
	if (form->caller_set)
		err = set_number(names, form, host);
	if (!err && pl_isset(&form->display))
		set_name(names, &form->display);
	/* who is trusted is told all the same, and that nobody else may be */
	if (!err && form->caller_id == ROUTE_CALLER_WITHHOLD) {
		str_ncpy(names->from, IDENTITY_ANONYMOUS, sizeof(names->from));
		names->caller.nobody = true;
	}
	return err;
}

void form_edit(struct smsg_edit *ed, const struct route_form *form)
{
	for (unsigned i = 0; form && i < form->nheaders; i++) {
		const struct route_header *header = &form->headers[i];
		struct pl name;

		pl_set_str(&name, header->name);
		if (pl_isset(&header->value))
			smsg_edit_add_named(ed, &name, &header->value);
		else
			smsg_edit_remove_named(ed, &name);
	}
}
