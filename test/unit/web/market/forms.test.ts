import { describe, expect, test } from '@jest/globals';
import { parseSale, parseSearch } from '../../../../web/market/forms';

const SALE = {
  title: 'L’Étranger',
  category: 'book',
  condition: 'very_good',
  price: '3,50',
  description: '',
};

describe('parseSale', () => {
  test('parseSale: a form that is right gives the article in cents', () => {
    const { article, faults } = parseSale(SALE);
    expect(article).toEqual({
      title: 'L’Étranger',
      category: 'book',
      condition: 'very_good',
      priceCents: 350,
      description: '',
    });
    expect(faults).toEqual({});
  });

  test('parseSale: everything wrong has a fault at every field, and keeps what was typed', () => {
    const typed = { title: ' ', category: 'car', condition: '', price: 'free', description: '' };
    expect(parseSale(typed)).toEqual({
      typed,
      article: undefined,
      faults: {
        title: ['market.fault.title'],
        category: ['market.fault.category'],
        condition: ['market.fault.condition'],
        price: ['market.fault.price'],
      },
    });
  });

  test.each([undefined, null, 'text', [], { title: ['a'], price: { x: 1 } }])(
    'parseSale: %j has the faults of an empty form',
    (body) => {
      const { article, typed, faults } = parseSale(body);
      expect(article).toBeUndefined();
      expect(typed).toEqual({ title: '', category: '', condition: '', price: '', description: '' });
      expect(Object.keys(faults).sort()).toEqual(['category', 'condition', 'price', 'title']);
    },
  );

  test.each([
    ['0', 'market.fault.price-low'],
    ['0,00', 'market.fault.price-low'],
    ['10000,01', 'market.fault.price-high'],
    ['9'.repeat(50), 'market.fault.price-high'],
    ['-3', 'market.fault.price'],
    ['1,999', 'market.fault.price'],
  ])('parseSale: the price %s is %s', (price, fault) => {
    expect(parseSale({ ...SALE, price }).faults).toEqual({ price: [fault] });
  });

  test.each(['0,01', '10 000'])('parseSale: the price %s is right', (price) => {
    expect(parseSale({ ...SALE, price }).faults).toEqual({});
  });

  test.each([
    ['x'.repeat(121), 'market.fault.title-long'],
    ['🎬'.repeat(3), 'market.fault.title-letters'],
  ])('parseSale: the title %s is %s', (title, fault) => {
    expect(parseSale({ ...SALE, title }).faults).toEqual({ title: [fault] });
  });

  test('parseSale: a title of 120 characters is counted as a reader counts', () => {
    expect(parseSale({ ...SALE, title: `a${'🎬'.repeat(119)}` }).faults).toEqual({});
  });

  test('parseSale: a description of several lines is kept as it is', () => {
    const { article } = parseSale({ ...SALE, description: '  Poche.\r\n\r\nCorné. ' });
    expect(article?.description).toBe('Poche.\n\nCorné.');
  });

  test('parseSale: a description that is too long has a fault at its field', () => {
    const { faults } = parseSale({ ...SALE, description: 'é'.repeat(1_001) });
    expect(faults).toEqual({ description: ['market.fault.description-long'] });
    expect(parseSale({ ...SALE, description: '🎬'.repeat(1_000) }).faults).toEqual({});
  });

  test('parseSale: a title over several lines is made one line', () => {
    expect(parseSale({ ...SALE, title: ' Le\r\n\tCid\u0000 ' }).article?.title).toBe('Le Cid');
  });
});

describe('parseSearch', () => {
  test('parseSearch: an empty search finds everything, the newest first', () => {
    expect(parseSearch({})).toEqual({
      typed: { q: '', category: '', condition: '', max: '', sort: 'newest' },
      faults: {},
      list: { filters: { words: '' }, sort: 'newest', cursor: '' },
    });
  });

  test('parseSearch: everything asked for is as it was asked', () => {
    const query = {
      q: 'cid',
      category: 'dvd',
      condition: 'fair',
      max: '4,20',
      sort: 'cheapest',
      page: 'after-1-2',
    };
    expect(parseSearch(query).list).toEqual({
      filters: { category: 'dvd', condition: 'fair', maxPriceCents: 420, words: 'cid' },
      sort: 'cheapest',
      cursor: 'after-1-2',
    });
  });

  test('parseSearch: a choice that does not exist, or is given twice, is no filter', () => {
    const { filters, sort } = parseSearch({ category: 'car', condition: ['new', 'good'], sort: 'x' }).list;
    expect(filters).toEqual({ words: '' });
    expect(sort).toBe('newest');
  });

  test.each(['!?', '…', '🎬'])('parseSearch: %s, which has no letter, is a fault', (q) => {
    const search = parseSearch({ q, max: 'cheap' });
    expect(search.faults).toEqual({ q: ['market.fault.search'], max: ['market.fault.price'] });
    expect(search.list.filters.words).toBe(q);
  });

  test.each(['', '  ', '7', 'à'])('parseSearch: the words %j are no fault', (q) => {
    expect(parseSearch({ q }).faults).toEqual({});
  });

  test.each([
    ['cheap', { max: ['market.fault.price'] }],
    ['0', { max: ['market.fault.price-low'] }],
    ['20000', {}],
  ])('parseSearch: the highest price %s is no filter', (max, faults) => {
    const search = parseSearch({ max });
    expect(search.faults).toEqual(faults);
    expect(search.list.filters.maxPriceCents).toBeUndefined();
    expect(search.typed.max).toBe(max);
  });
});
