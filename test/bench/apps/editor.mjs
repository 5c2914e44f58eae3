// An editor of rich text, with its toolbar and its own style sheet.
import Quill from 'quill';

window.editor = new Quill('#app', {
  theme: 'snow',
  modules: { toolbar: [[{ header: [1, 2, false] }], ['bold', 'italic', 'underline'], [{ list: 'ordered' }, { list: 'bullet' }], ['blockquote', 'code-block', 'link']] },
});
