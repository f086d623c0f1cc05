/** Looks a metric's child up by two labels: finding it anew by its labels costs more than counting. */
export function oncePerLabels<Child>(make: (first: string, second: string) => Child) {
  const children = new Map<string, Map<string, Child>>();
  return (first: string, second: string): Child => {
    let ofFirst = children.get(first);
    if (ofFirst === undefined) {
      ofFirst = new Map();
      children.set(first, ofFirst);
    }
    const known = ofFirst.get(second);
    if (known !== undefined) return known;
    const made = make(first, second);
    ofFirst.set(second, made);
    return made;
  };
}
