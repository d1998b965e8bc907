import { type Json, stringAt } from '../http/json.ts';
import { type Caller, canSee } from './access.ts';
import { badRequest, conflict, forbidden, notFound } from './errors.ts';
import { type ImageRecord, type Member, type MemberStatus, seconds } from './record.ts';
import type { Repository } from './repository.ts';
import { type Answer, type GlanceRequest, type Handler, jsonBody, noContent } from './request.ts';

const statuses: readonly MemberStatus[] = ['pending', 'accepted', 'rejected'];

/** The members of shared images: enough to share one with another project and have it accepted. */
export function memberHandlers(images: Repository) {
  const found = (request: GlanceRequest): ImageRecord => {
    const id = request.param('image');
    const image = images.find(id);
    if (!image || !canSee(request.caller, image)) throw notFound(`Image ${id} not found.`);
    return image;
  };

  const list: Handler = (request) => {
    const image = found(request);
    if (image.visibility !== 'shared')
      throw forbidden(`Not allowed to list members for image ${image.id}: Only shared images have members.`);
    const members = [...image.members.values()].filter((member) => mayKnow(request.caller, image, member));
    return {
      status: 200,
      json: { members: members.map((one) => view(image, one)), schema: '/v2/schemas/members' },
    };
  };

  const create: Handler = async (request) => {
    const memberId = memberIdFrom(await jsonBody(request));
    const image = found(request);
    if (image.visibility !== 'shared' || !isOwner(request.caller, image))
      throw forbidden(`Not allowed to create members for image ${image.id}.`);
    if (image.members.has(memberId)) throw conflict(`Member ${memberId} is duplicated for image ${image.id}`);
    const now = new Date();
    const member: Member = { memberId, status: 'pending', createdAt: now, updatedAt: now };
    image.members.set(memberId, member);
    return { status: 200, json: view(image, member) };
  };

  const show: Handler = (request) => {
    const image = found(request);
    return { status: 200, json: view(image, memberOf(image, request)) };
  };

  const update: Handler = async (request) => {
    const status = statusFrom(await jsonBody(request));
    const image = found(request);
    // The owner may not accept on the member's behalf.
    if (image.visibility !== 'shared' || request.caller.project?.id === image.owner)
      throw forbidden(`Not allowed to update members for image ${image.id}.`);
    const member = memberOf(image, request);
    const accepted = statuses.find((one) => one === status);
    if (!accepted) throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".');
    Object.assign(member, { status: accepted, updatedAt: new Date() });
    return { status: 200, json: view(image, member) };
  };

  const remove: Handler = (request): Answer => {
    const image = found(request);
    if (image.visibility !== 'shared' || !isOwner(request.caller, image))
      throw forbidden(`Not allowed to delete members for image ${image.id}.`);
    image.members.delete(memberOf(image, request).memberId);
    return noContent;
  };

  return { list, create, show, update, remove };
}

const isOwner = (caller: Caller, image: ImageRecord): boolean =>
  caller.isAdmin || caller.project?.id === image.owner;

const mayKnow = (caller: Caller, image: ImageRecord, member: Member): boolean =>
  isOwner(caller, image) || member.memberId === caller.project?.id;

function memberOf(image: ImageRecord, request: GlanceRequest): Member {
  const id = request.param('member');
  const member = image.members.get(id);
  if (!member || !mayKnow(request.caller, image, member))
    throw notFound(`${id} not found in the member list of the image ${image.id}.`);
  return member;
}

function memberIdFrom(body: Json): string {
  const member = stringAt(body, 'member');
  if (member === undefined) throw badRequest('Member to be added not specified');
  if (member === '') throw badRequest("Member can't be empty");
  return member;
}

function statusFrom(body: Json): string {
  const status = stringAt(body, 'status');
  if (status === undefined) throw badRequest('Status not specified');
  return status;
}

function view(image: ImageRecord, { memberId, status, createdAt, updatedAt }: Member): object {
  return {
    member_id: memberId,
    image_id: image.id,
    status,
    created_at: seconds(createdAt),
    updated_at: seconds(updatedAt),
    schema: '/v2/schemas/member',
  };
}
