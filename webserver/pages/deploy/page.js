// The Deploy page: what runs, from which revision, and putting another one in its place.
import './lock.js';
import './panel.js';
import './services.js';
import { deploy } from './state.js';

deploy.begin();
