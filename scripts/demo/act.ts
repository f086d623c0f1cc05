/** What one student does, by its place among the students; an article goes by its place among those of the plan. */
export type Act =
  | { readonly does: 'log-in'; readonly student: number }
  | { readonly does: 'log-out'; readonly student: number }
  | { readonly does: 'sell'; readonly student: number; readonly article: number }
  | { readonly does: 'buy'; readonly student: number; readonly article: number };
