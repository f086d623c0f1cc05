import type { VNode } from 'preact';
import type { MessageKey, MessageValues } from '../../i18n/messages';
import type { PageContext } from '../page_context';

/** What any field of a form has. */
type FieldBase = {
  name: string;
  /** If two forms of a page have fields of one name, each has an id of its own. */
  id?: string;
  label: string;
  value?: string | undefined;
  hint?: string;
  isRequired?: boolean;
  hasFocus?: boolean;
};

/** A field to type in. */
export type TextField = FieldBase & {
  type?: 'text' | 'email' | 'password' | 'search';
  autocomplete: string;
  inputmode?: 'decimal';
  maxlength?: number;
};

/** A field for several lines. */
export type AreaField = FieldBase & { rows: number; maxlength: number };

/** A field to choose in. */
export type ChoiceField = FieldBase & {
  choices: readonly (readonly [value: string, text: string])[];
  /** The text of the empty choice. */
  empty?: string;
};

export type FieldProps<Field> = {
  page: PageContext;
  field: Field;
  faults?: readonly MessageKey[] | undefined;
  /** The bounds, as the messages about faults show them. */
  bounds: MessageValues;
};

type InputProps = Pick<TextField, 'name' | 'value' | 'autocomplete' | 'inputmode' | 'maxlength'> & {
  id: string;
  required: boolean | undefined;
  autofocus: boolean | undefined;
};

// The types of the properties differ by the kind of input.
const INPUTS = {
  text: (props: InputProps) => <input {...props} type="text" />,
  email: (props: InputProps) => <input {...props} type="email" />,
  password: (props: InputProps) => <input {...props} type="password" />,
  search: (props: InputProps) => <input {...props} type="search" />,
} as const;

/** One text field, with its label, its hint and its fault. */
export function TextInput(props: FieldProps<TextField>): VNode {
  const { name, label, type = 'text', value = '', autocomplete, inputmode, maxlength } = props.field;
  const { isRequired: required, hasFocus: autofocus } = props.field;
  const described = describe(props);
  const Input = INPUTS[type];
  return (
    <p class="field">
      <label for={described.id}>{label}</label>
      <Input {...described} {...{ name, value, autocomplete, inputmode, maxlength, required, autofocus }} />
      {type === 'password' && <Reveal page={props.page} id={described.id} />}
      <Notes {...props} />
    </p>
  );
}

/** Shows what was typed. Hidden without scripts. */
function Reveal({ page, id }: { page: PageContext; id: string }): VNode {
  return (
    <button class="reveal" type="button" data-reveals={id} aria-controls={id}>
      {page.t('password.show')}
    </button>
  );
}

/** One field for several lines, with its label, its hint and its fault. */
export function TextArea(props: FieldProps<AreaField>): VNode {
  const { name, label, value = '', rows, maxlength, isRequired, hasFocus } = props.field;
  const described = describe(props);
  return (
    <p class="field">
      <label for={described.id}>{label}</label>
      <textarea
        {...described}
        {...{ name, rows, maxlength, value }}
        required={isRequired}
        autofocus={hasFocus}
      />
      <Notes {...props} />
    </p>
  );
}

/** One choice, with its label and its fault. */
export function Select(props: FieldProps<ChoiceField>): VNode {
  const { name, label, value = '', choices, empty, isRequired, hasFocus } = props.field;
  const { id, ...described } = describe(props);
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <select {...{ id, name }} required={isRequired} autofocus={hasFocus} {...described}>
        {empty !== undefined && <option value="">{empty}</option>}
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice} selected={choice === value}>
            {text}
          </option>
        ))}
      </select>
      <Notes {...props} />
    </p>
  );
}

/** How a field refers to the texts below it. */
function describe({ field, faults = [] }: FieldProps<FieldBase>) {
  const { id = field.name, hint } = field;
  const notes = [hint && `${id}-hint`, faults.length > 0 && `${id}-fault`].filter(Boolean).join(' ');
  return {
    id,
    'aria-describedby': notes === '' ? undefined : notes,
    'aria-invalid': faults.length > 0 ? ('true' as const) : undefined,
  };
}

function Notes({ page, field, faults = [], bounds }: FieldProps<FieldBase>): VNode {
  const { id = field.name, hint } = field;
  const [first] = faults;
  return (
    <>
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {first && (
        <span class="fault" id={`${id}-fault`}>
          {page.t(first, bounds)}
        </span>
      )}
    </>
  );
}
