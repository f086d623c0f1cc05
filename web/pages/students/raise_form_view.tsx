import type { VNode } from 'preact';
import type { Faults } from '../../forms/faults';
import { CsrfField } from '../forms/csrf_field';
import { Select, TextInput } from '../forms/field';
import type { PageContext } from '../page_context';
import type { TypedRaise } from './raise_form';
import type { RaiseOffer } from './standing';

/** The form as it was sent, with its faults. */
export type FaultyRaise = { policy: string; limitName: string; typed: TypedRaise; faults: Faults };

type RaiseFormProps = {
  page: PageContext;
  studentId: number;
  policy: string;
  offer: RaiseOffer;
  faulty: FaultyRaise | undefined;
};

/** Raises one limit of a student for a time, within its bound. */
export function RaiseForm({ page, studentId, policy, offer, faulty }: RaiseFormProps): VNode {
  const { t } = page;
  const { limitName, least, most, hours } = offer;
  const id = `raise-${policy}-${limitName}`;
  const typed = faulty?.typed ?? { size: String(most), hours: String(hours[0]) };
  const bounds = { least, most };
  const size = {
    name: 'size',
    id: `${id}-size`,
    label: t('students.raise.size', bounds),
    value: typed.size,
    autocomplete: 'off',
  };
  const duration = {
    name: 'hours',
    id: `${id}-hours`,
    label: t('students.raise.hours'),
    value: typed.hours,
    choices: hours.map((count) => [String(count), t('students.raise.for', { hours: count })] as const),
  };
  return (
    <details open={faulty !== undefined}>
      <summary>{t('students.raise')}</summary>
      <form method="post" action={`/students/${studentId}/raise`}>
        <CsrfField page={page} />
        <input type="hidden" name="policy" value={policy} />
        <input type="hidden" name="limit" value={limitName} />
        <TextInput
          {...{ page, bounds }}
          field={{ ...size, hasFocus: faulty?.faults.size !== undefined }}
          faults={faulty?.faults.size}
        />
        <Select {...{ page, bounds }} field={duration} faults={faulty?.faults.hours} />
        <p>
          <button type="submit">{t('students.raise.submit')}</button>
        </p>
      </form>
    </details>
  );
}
