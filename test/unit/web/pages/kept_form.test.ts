import { describe, expect, test } from '@jest/globals';
import { keepForm } from '../../../../web/pages/login/kept_form';

const PATH = '/services/vente';

describe('address of a form', () => {
  test('address of a form: has what was typed of an article, and nothing else', () => {
    const body = { title: 'Le Rouge & le Noir', price: '4,50', category: '', _csrf: 'secret', password: 'x' };
    expect(keepForm({ path: PATH, body })).toEqual({
      back: '/services/vente?title=Le+Rouge+%26+le+Noir&price=4%2C50',
      lost: [],
    });
  });

  test.each([undefined, {}, { title: ['a'] }, { password: 'x' }])(
    'address of a form: %j is reduced to its path',
    (body) => {
      expect(keepForm({ path: PATH, body })).toEqual({ back: PATH, lost: [] });
    },
  );

  test('address of a form: a purchase leads to the page that asks for confirmation', () => {
    expect(keepForm({ path: '/services/achat', body: { article: '7', form: 'x' } })).toEqual({
      back: '/articles/7/buy',
      lost: [],
    });
  });

  test('address of a form: the field that an address cannot hold is left out, and reported as lost', () => {
    const description = 'é'.repeat(2_000);
    const body = { title: 'Candide', description };
    expect(keepForm({ path: PATH, body })).toEqual({ back: `${PATH}?title=Candide`, lost: [description] });
  });
});
