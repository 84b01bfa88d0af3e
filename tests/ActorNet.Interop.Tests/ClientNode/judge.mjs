// The official JavaScript client as a judge: node judge.mjs API-ADDRESS PART. A part prints lines "name: what it found", which the test compares.
import * as k8s from '@kubernetes/client-node';
import { PassThrough, Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import tar from 'tar-fs';

const [server, part, pod] = process.argv.slice(2);
const config = new k8s.KubeConfig();
// This client takes plain HTTP only where nothing would be verified anyway.
config.loadFromClusterAndUser({ name: 'actornet', server: server.replace(/\/$/, ''), skipTLSVerify: true }, { name: 'judge', token: 't' });
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'default';

function say(name, found) {
    console.log(`${name}: ${typeof found === 'string' ? found : JSON.stringify(found)}`);
}

async function refusal(promise) {
    try {
        await promise;
        return 'no refusal';
    } catch (e) {
        const status = typeof e.body === 'string' ? JSON.parse(e.body) : e.body;
        return `${e.code} ${status.reason}`;
    }
}

// Looks until something is so; the test's own bound ends a wait for ever.
async function until(condition) {
    while (!(await condition())) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

function collector() {
    const chunks = [];
    const stream = new Writable({ write(chunk, _, done) { chunks.push(chunk); done(); } });
    stream.bytes = () => Buffer.concat(chunks);
    return stream;
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function objects() {
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a', labels: { app: 'x' } }, data: { k: 'v' } } });
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'b', labels: { app: 'y' } } } });
    const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app in (x, z)' });
    say('list', list.items.map((each) => `${each.metadata.name} ${each.data.k} ${each.metadata.creationTimestamp instanceof Date}`));
    const page = await core.listNamespacedConfigMap({ namespace, limit: 1 });
    const rest = await core.listNamespacedConfigMap({ namespace, limit: 1, _continue: page.metadata._continue });
    say('pages', [...page.items, ...rest.items].map((each) => each.metadata.name));

    const read = await core.readNamespacedConfigMap({ name: 'a', namespace });
    read.data = { k: 'w' };
    const replaced = await core.replaceNamespacedConfigMap({ name: 'a', namespace, body: read });
    say('replace', replaced.data);
    say('conflict', await refusal(core.replaceNamespacedConfigMap({ name: 'a', namespace, body: read })));
    say('exists', await refusal(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' } } })));
    say('absent', await refusal(core.readNamespacedConfigMap({ name: 'none', namespace })));
    say('invalid', await refusal(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Not a name' } } })));

    const generic = k8s.KubernetesObjectApi.makeApiClient(config);
    const made = await generic.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace }, stringData: { p: 'q' } });
    say('generic', [made.type, Buffer.from(made.data.p, 'base64').toString(), (await generic.list('v1', 'Secret', namespace)).items.length]);

    const answer = await core.deleteNamespacedConfigMap({ name: 'b', namespace });
    say('delete', [answer.status, answer.details.kind]);
    say('left', (await core.listNamespacedConfigMap({ namespace })).items.map((each) => each.metadata.name));
}

// The strategies are told apart by a list that each treats in its own way.
async function patches() {
    const apps = config.makeApiClient(k8s.AppsV1Api);
    const containers = [{ name: 'one', image: 'pause' }, { name: 'two', image: 'busybox' }];
    await apps.createNamespacedDeployment({
        namespace,
        body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'd' } }, template: { metadata: { labels: { app: 'd' } }, spec: { containers } } } },
    });
    const how = (type) => k8s.setHeaderOptions('Content-Type', type);
    const images = (deployment) => deployment.spec.template.spec.containers.map((each) => `${each.name}=${each.image}`);
    const template = (list) => ({ spec: { template: { spec: { containers: list } } } });

    let patched = await apps.patchNamespacedDeployment({ name: 'd', namespace, body: [{ op: 'replace', path: '/spec/template/spec/containers/1/image', value: 'nginx' }] });
    say('json', images(patched));
    say('json test', await refusal(apps.patchNamespacedDeployment({ name: 'd', namespace, body: [{ op: 'test', path: '/spec/replicas', value: 9 }] })));
    patched = await apps.patchNamespacedDeployment({ name: 'd', namespace, body: template([{ name: 'one', image: 'nginx' }]) }, how(k8s.PatchStrategy.StrategicMergePatch));
    say('strategic', images(patched));
    patched = await apps.patchNamespacedDeployment({ name: 'd', namespace, body: template([{ name: 'three', image: 'pause' }]) }, how(k8s.PatchStrategy.MergePatch));
    say('merge', images(patched));
    const applied = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace }, ...template([{ name: 'four', image: 'curl' }]) };
    patched = await apps.patchNamespacedDeployment({ name: 'd', namespace, body: applied, fieldManager: 'judge' }, how(k8s.PatchStrategy.ServerSideApply));
    say('apply', images(patched));
    const taken = { ...applied, ...template([{ name: 'three', image: 'curl' }]) };
    say('apply conflict', await refusal(apps.patchNamespacedDeployment({ name: 'd', namespace, body: taken, fieldManager: 'judge' }, how(k8s.PatchStrategy.ServerSideApply))));
    patched = await apps.patchNamespacedDeployment({ name: 'd', namespace, body: taken, fieldManager: 'judge', force: true }, how(k8s.PatchStrategy.ServerSideApply));
    say('apply force', images(patched));
    say('managers', patched.metadata.managedFields.filter((each) => each.operation === 'Apply').map((each) => each.manager));
    const scale = await apps.readNamespacedDeploymentScale({ name: 'd', namespace });
    scale.spec.replicas = 3;
    say('scale', (await apps.replaceNamespacedDeploymentScale({ name: 'd', namespace, body: scale })).spec.replicas);
    patched = await apps.patchNamespacedDeploymentStatus({ name: 'd', namespace, body: { status: { replicas: 2 }, spec: { replicas: 8 } } }, how(k8s.PatchStrategy.MergePatch));
    say('status', [patched.spec.replicas, patched.status.replicas]);
}

async function metadata() {
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'hidden', labels: { a: 'b' } }, stringData: { p: 'q' } } });
    const as = (kind) => k8s.setHeaderOptions('Accept', `application/vnd.kubernetes.protobuf;as=${kind};g=meta.k8s.io;v=v1,application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`);
    const list = await core.listNamespacedSecret({ namespace }, as('PartialObjectMetadataList'));
    say('list', [list.kind, list.apiVersion, ...list.items.map((each) => `${each.metadata.name} ${each.metadata.labels.a} ${each.data === undefined}`)]);
    const one = await core.readNamespacedSecret({ name: 'hidden', namespace }, as('PartialObjectMetadata'));
    say('one', [one.kind, one.apiVersion, one.metadata.name, one.data === undefined]);
    say('object of a list', await refusal(core.listNamespacedSecret({ namespace }, as('PartialObjectMetadata'))));
    say('list of an object', await refusal(core.readNamespacedSecret({ name: 'hidden', namespace }, as('PartialObjectMetadataList'))));

    const partial = Object.create(config);
    partial.applyToFetchOptions = async (options) => {
        const init = await config.applyToFetchOptions(options);
        init.headers.set('Accept', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json');
        return init;
    };
    const events = [];
    const request = await new k8s.Watch(partial).watch(`/api/v1/namespaces/${namespace}/secrets`, { resourceVersion: list.metadata.resourceVersion },
        (type, object) => events.push([type, object.kind, object.apiVersion, object.metadata.name, object.data === undefined].join(' ')), () => {});
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'more' }, stringData: { p: 'q' } } });
    await core.deleteNamespacedSecret({ name: 'more', namespace });
    await until(() => events.length >= 2);
    request.abort();
    say('watch', events);
}

// Prints what the informer tells, one event a line, until its input ends; then what it holds.
async function informer() {
    const watching = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => {
        console.log('list');
        return core.listNamespacedConfigMap({ namespace });
    });
    for (const event of ['add', 'update', 'delete']) {
        watching.on(event, (object) => console.log(`${event} ${object.metadata.name}=${object.data.v}`));
    }
    // What the client's own documentation tells applications to do.
    let again;
    watching.on('error', () => {
        again = setTimeout(() => watching.start(), 50);
    });
    await watching.start();
    for await (const _ of readline.createInterface({ input: process.stdin }));
    clearTimeout(again);
    await watching.stop();
    say('holds', watching.list().map((each) => `${each.metadata.name}=${each.data.v}`).sort());
}

async function streams() {
    const exec = new k8s.Exec(config);
    const run = async (command, input = null, output = collector(), error = collector()) => {
        const status = await new Promise((resolve, reject) => exec.exec(namespace, pod, 'main', command, output, error, input, false, resolve).catch(reject));
        return { code: status.status === 'Success' ? 0 : Number(status.details.causes.find((each) => each.reason === 'ExitCode').message), output, error };
    };
    let ran = await run(['sh', '-c', 'echo out; echo err >&2; exit 5']);
    say('exec', [ran.code, ran.output.bytes().toString(), ran.error.bytes().toString()]);
    const large = randomBytes(1000000);
    const input = new PassThrough();
    const echoed = run(['cat'], input);
    input.end(large);
    say('stdin', digest((await echoed).output.bytes()) === digest(large));
    say('refused', await exec.exec(namespace, 'none', 'main', ['true'], collector(), collector(), null, false).then(() => 'no refusal', (e) => e.message));

    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'client-node-'));
    try {
        fs.mkdirSync(path.join(folder, 'there/deep'), { recursive: true });
        fs.writeFileSync(path.join(folder, 'there/big'), large);
        fs.writeFileSync(path.join(folder, 'there/deep/small'), 'small\n');
        await run(['mkdir', '-p', '/tmp/there']);
        await new k8s.Cp(config).cpToPod(namespace, pod, 'main', path.join(folder, 'there'), '/tmp/there');
        // The promise ends when the copy begins.
        await until(async () => (await run(['sh', '-c', 'sha256sum /tmp/there/big; cat /tmp/there/deep/small'])).output.bytes().toString() === `${digest(large)}  /tmp/there/big\nsmall\n`);
        say('cp there', 'same');
        // cpFromPod of this version asks for gzip and does not unpack it: its command, and what it would have to do.
        fs.mkdirSync(path.join(folder, 'back'));
        const unpacking = tar.extract(path.join(folder, 'back'));
        const unpacked = new Promise((resolve, reject) => unpacking.on('finish', resolve).on('error', reject));
        const archive = createGunzip();
        archive.pipe(unpacking);
        await run(['tar', 'zcf', '-', '-C', '/tmp', 'there'], null, archive);
        await unpacked;
        say('cp back', [digest(fs.readFileSync(path.join(folder, 'back/there/big'))) === digest(large), fs.readFileSync(path.join(folder, 'back/there/deep/small')).toString()]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

async function forward() {
    // Three connections after each other, each over a stream of its own.
    for (let i = 0; i < 3; i++) {
        const output = collector(), error = collector(), input = new PassThrough();
        const socket = await new k8s.PortForward(config).portForward(namespace, pod, [8080], output, error, input);
        input.write('GET /hostname HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        await until(() => output.bytes().toString().endsWith(pod));
        say('answer', [output.bytes().toString().split('\r\n')[0], error.bytes().toString()]);
        socket.close();
    }
    const output = collector(), error = collector();
    const socket = await new k8s.PortForward(config).portForward(namespace, pod, [81], output, error, new PassThrough());
    await until(() => error.bytes().length > 0);
    say('closed port', /connection refused/.test(error.bytes().toString()));
    socket.close();
}

await { objects, patches, metadata, informer, streams, forward }[part]();
process.exit(0);
