// What the page does itself with an entry that was chosen. Where it has a router: event.preventDefault(), and go there.
document.querySelector('tidings-inbox').addEventListener('tidings-select', ({ detail }) => {
  document.querySelector('#chosen').textContent = `Chosen: ${detail.title ?? detail.body}`;
});
// How many are unread, in the title of the tab.
document.querySelector('tidings-inbox').addEventListener('tidings-counts', ({ detail }) => {
  document.title = detail.unread === 0 ? 'An application' : `(${detail.unread}) An application`;
});
