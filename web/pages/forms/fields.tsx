import type { VNode } from 'preact';
import type { Faults } from '../../forms/faults';
import type { MessageValues } from '../../i18n/messages';
import type { PageContext } from '../page_context';
import {
  type AreaField,
  type ChoiceField,
  type FieldProps,
  Select,
  TextArea,
  type TextField,
  TextInput,
} from './field';

/** Any field of a form. */
export type AnyField = TextField | ChoiceField | AreaField;

type FieldsProps = {
  page: PageContext;
  fields: readonly AnyField[];
  faults: Faults;
  bounds: MessageValues;
};

/** The fields of a form, required unless they say otherwise. If the form comes back, the reader is led to the first fault. */
export function Fields({ page, fields, faults, bounds }: FieldsProps): VNode {
  const firstFaulty = fields.find(({ name }) => faults[name]);
  return (
    <>
      {fields.map((field) => {
        const common = { page, bounds, faults: faults[field.name] };
        const added = { isRequired: field.isRequired ?? true, hasFocus: field === firstFaulty };
        return <AnyInput key={field.name} {...common} field={{ ...field, ...added }} />;
      })}
    </>
  );
}

function AnyInput({ field, ...common }: FieldProps<AnyField>): VNode {
  if ('choices' in field) return <Select {...common} field={field} />;
  if ('rows' in field) return <TextArea {...common} field={field} />;
  return <TextInput {...common} field={field} />;
}
