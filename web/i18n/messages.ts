import { IntlMessageFormat } from 'intl-messageformat';
import type { Language } from './languages';
import en from './locales/en.json';
import fr from './locales/fr.json';

/** Names a sentence of `locales/`. */
export type MessageKey = keyof typeof en;

/** What stands in a sentence's places. */
export type MessageValues = Readonly<Record<string, string | number>>;

// A sentence that one language lacks does not compile.
const SENTENCES: Record<Language, Record<MessageKey, string>> = { en, fr };

/** Whether a text names a sentence. */
export function isMessageKey(text: string): text is MessageKey {
  return Object.hasOwn(en, text);
}

/** Sentences of the ICU MessageFormat, parsed at their first use; one without values is also formatted only once. */
export function createMessages(language: Language): (key: MessageKey, values?: MessageValues) => string {
  const parsed = new Map<MessageKey, IntlMessageFormat>();
  const plain = new Map<MessageKey, string>();
  const format = (key: MessageKey, values?: MessageValues) => {
    const message = parsed.get(key) ?? parse(language, key);
    parsed.set(key, message);
    return String(message.format(values));
  };
  return (key, values) => {
    if (values !== undefined) return format(key, values);
    const sentence = plain.get(key) ?? format(key);
    plain.set(key, sentence);
    return sentence;
  };
}

function parse(language: Language, key: MessageKey): IntlMessageFormat {
  const sentence: string | undefined = SENTENCES[language][key];
  // The keys of a view are not typed: a wrong one must not show as an empty text.
  if (sentence === undefined) throw new Error(`locales/${language}.json has no ${key}`);
  return new IntlMessageFormat(sentence, language, undefined, { ignoreTag: true });
}
