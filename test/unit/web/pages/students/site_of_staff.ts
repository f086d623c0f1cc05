import { afterEach, beforeEach } from '@jest/globals';
import { createVisitor, type Visitor } from '../../../../helpers/visitor';
import { type Site, serveSite } from '../../fakes';

/** A site of its own for each test, and a member of staff who is logged in; what that asked of the daemon is forgotten. */
export function siteOfStaff(): { readonly site: Site; readonly staff: Visitor } {
  let opened: { site: Site; staff: Visitor };

  beforeEach(async () => {
    const site = await serveSite();
    const staff = createVisitor(site.url);
    opened = { site, staff };
    await staff.logIn('sam@example.org');
    site.quota.asked.length = 0;
  });

  afterEach(() => opened.site.close());

  return {
    get site() {
      return opened.site;
    },
    get staff() {
      return opened.staff;
    },
  };
}
