// On every page. Each part improves a page that works without it.
import { startCountdowns } from './site/countdowns';
import { sendFormsOnce } from './site/forms';
import { keepMetersTrue } from './site/meters';
import { revealPasswords } from './site/reveals';

sendFormsOnce();
startCountdowns(document);
keepMetersTrue();
revealPasswords();
