/** The page of an article. */
export function articlePath(id: number): string {
  return `/articles/${id}`;
}

/** The page that confirms a purchase. */
export function buyPath(id: number): string {
  return `${articlePath(id)}/buy`;
}

/** The page on which a seller changes an article. */
export function editPath(id: number): string {
  return `${articlePath(id)}/edit`;
}

/** The address at which a seller withdraws an article. */
export function withdrawPath(id: number): string {
  return `${articlePath(id)}/withdraw`;
}
