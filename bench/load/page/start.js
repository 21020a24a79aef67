// Reads the report that the page carries, and fills the page with it.

const given = JSON.parse(document.getElementById('report').textContent);
document.getElementById('page').append(...(given.compare ? compare(given) : single(given)).flat(3).filter(Boolean));
redraw();
new ResizeObserver(() => redraw()).observe(document.getElementById('page'));

// On paper the plots have its width, and what was folded is open.
addEventListener('beforeprint', () => {
  redraw(690);
  for (const details of document.querySelectorAll('details.printed:not([open])')) details.toggleAttribute('data-opened', details.open = true);
});
addEventListener('afterprint', () => {
  redraw();
  for (const details of document.querySelectorAll('details[data-opened]')) details.open = details.toggleAttribute('data-opened', false);
});
