// On every page. Each part mends a page that works without it.
import { startCountdowns } from './site/countdowns';
import { sendFormsOnce } from './site/forms';
import { keepMetersTrue } from './site/meters';

sendFormsOnce();
startCountdowns(document);
keepMetersTrue();
